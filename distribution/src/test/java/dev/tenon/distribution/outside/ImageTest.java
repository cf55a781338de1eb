package dev.tenon.distribution.outside;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The packaged command, started as a user starts it. */
class ImageTest {
  @Test
  void printsItsVersion() throws Exception {
    Finished finished = tenon("--version");
    assertThat(finished.status()).as(finished.toString()).isZero();
    assertThat(finished.output()).startsWith("tenon ").contains("0.1.0");
  }

  @Test
  void listsEveryPluginOfTheImageWithAReasonWhereItCannotRun() throws Exception {
    Finished finished = tenon("plugins");
    assertThat(finished.status()).as(finished.toString()).isZero();
    assertThat(finished.output())
        .contains("cpu", "hopper", "blackwell", "ampere", "qwen3", "mtp", "hermes");
  }

  @Test
  void aMistypedFlagGetsASuggestionAndNothingOnStandardOutput() throws Exception {
    Finished finished = tenon("serve", "--max-num-seq", "4");
    assertThat(finished.status()).isNotZero();
    assertThat(finished.output()).isEmpty();
    assertThat(finished.errors()).contains("--max-num-seqs");
  }

  private static Finished tenon(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add("/bin/sh");
    command.add(Project.IMAGE.resolve("bin/tenon").toString());
    command.addAll(List.of(arguments));
    return Finished.of(command);
  }
}
