package dev.tenon.backend.cuda.core.tuning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

class TunedMoeSearchTest {
  private static final MoeShape SHAPE = new MoeShape(512, 128, "");
  private static final String NAME = "E=512,N=128,device_name=Test_card.json";
  private static final TunedMoe TUNED =
      new TunedMoe(List.of(new TunedMoe.Entry(1, new MoeTile(1, 4, 3, 1, 1, 0))));

  @TempDir Path ours;
  @TempDir Path others;
  private final List<String> lines = new ArrayList<>();

  private final class Lines extends LegacyAbstractLogger {
    @Override
    public boolean isTraceEnabled() {
      return false;
    }

    @Override
    public boolean isDebugEnabled() {
      return false;
    }

    @Override
    public boolean isInfoEnabled() {
      return true;
    }

    @Override
    public boolean isWarnEnabled() {
      return true;
    }

    @Override
    public boolean isErrorEnabled() {
      return true;
    }

    @Override
    protected @Nullable String getFullyQualifiedCallerName() {
      return null;
    }

    @Override
    protected void handleNormalizedLoggingCall(
        Level level,
        @Nullable Marker marker,
        String message,
        Object @Nullable [] values,
        @Nullable Throwable thrown) {
      lines.add(level + " " + MessageFormatter.basicArrayFormat(message, values));
    }
  }

  @Test
  void theFirstFolderWithTheFileAppliesAndTheLogSaysSoOnce() throws IOException {
    Path file = Files.writeString(others.resolve(NAME), TunedMoeFile.write(TUNED));
    TunedMoeSearch search = search("Test card");
    assertThat(search.of(SHAPE)).isEqualTo(TUNED);
    assertThat(search.of(SHAPE)).isEqualTo(TUNED);
    assertThat(lines).containsExactly("INFO Using configuration from " + file + " for MoE layer.");
    Files.writeString(ours.resolve(NAME), "{}");
    assertThatThrownBy(() -> search("Test card").of(SHAPE))
        .hasMessageContaining(ours.resolve(NAME).toString());
  }

  @Test
  void packagedFilesAreFound() {
    assertThat(search("Packaged card").of(SHAPE)).isEqualTo(TUNED);
    assertThat(lines.getFirst())
        .contains("/tuned-moe/E=512,N=128,device_name=Packaged_card.json for MoE layer.");
  }

  @Test
  void whereThereIsNoneTheWarningNamesAllPlacesOnce() {
    TunedMoeSearch search = search("Test card");
    assertThat(search.of(SHAPE)).isEqualTo(TunedMoe.NONE);
    assertThat(search.of(SHAPE)).isEqualTo(TunedMoe.NONE);
    assertThat(lines).hasSize(1);
    assertThat(lines.getFirst())
        .startsWith(
            "WARN Using default MoE config. Performance might be sub-optimal! Config file not"
                + " found at [")
        .contains(
            ours.resolve(NAME).toString(),
            others.resolve(NAME).toString(),
            "/tuned-moe/" + NAME,
            "`tenon tune moe MODEL` makes one");
  }

  private TunedMoeSearch search(String card) {
    Map<String, String> environment =
        Map.of(
            "TENON_TUNED_CONFIG_FOLDER", ours.toString(),
            "VLLM_TUNED_CONFIG_FOLDER", others.toString());
    return TunedMoeSearch.in(environment, card, TunedMoeSearchTest.class, new Lines());
  }
}
