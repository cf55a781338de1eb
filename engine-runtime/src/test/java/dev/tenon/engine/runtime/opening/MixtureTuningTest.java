package dev.tenon.engine.runtime.opening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.api.TunedRows;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.tck.fake.FakeBackend;
import dev.tenon.spi.backend.MoeWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MixtureTuningTest {
  @TempDir Path folder;
  private final ToyBackendProvider backends = new ToyBackendProvider();
  private final ToyModelProvider models = new ToyModelProvider();
  private final List<MoeWeights> seen = new ArrayList<>();

  @BeforeEach
  void writeConfig() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"toy\"}");
    models.mixture = ToyModelProvider.Mixture.PRESENT;
    backends.tuning =
        (blocks, to, measured) -> {
          // the made-up weights can be read
          assertThat(blocks.getFirst().router().data().scope().isAlive()).isTrue();
          seen.addAll(blocks);
          measured.accept(new TunedRows(1, 3, 2.0, 1.0, "best"));
          return to.resolve("file.json");
        };
  }

  @Test
  void theBackendSeesTheShareOfOneRankAndIsClosed() {
    List<TunedRows> rows = new ArrayList<>();
    assertThat(run(2, rows)).isEqualTo(folder.resolve("file.json"));
    assertThat(rows).containsExactly(new TunedRows(1, 3, 2.0, 1.0, "best"));
    assertThat(seen).hasSize(1);
    assertThat(seen.getFirst().gate().getFirst().rows()).isEqualTo(4);
    assertThat(backends.opened).hasSize(1).allMatch(FakeBackend::isClosed);
  }

  @Test
  void aModelWithoutMixturesIsRefused() {
    models.mixture = ToyModelProvider.Mixture.ABSENT;
    refused("has no mixtures of experts");
  }

  @Test
  void aBackendWithNothingToChooseIsRefused() {
    backends.tuning = null;
    refused("backend toy has no parameters to choose");
  }

  private void refused(String reason) {
    assertThatThrownBy(() -> run(1, new ArrayList<>()))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
        .hasMessageContaining(reason);
    assertThat(backends.opened).hasSize(1).allMatch(FakeBackend::isClosed);
  }

  private Path run(int ranks, List<TunedRows> rows) {
    EngineConfig config = EngineConfig.builder(folder.toString()).tensorParallelSize(ranks).build();
    PluginCatalog catalog = PluginCatalog.of(List.of(backends, models));
    return MixtureTuning.run(config, catalog, folder, rows::add);
  }
}
