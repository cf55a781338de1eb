package dev.tenon.distribution.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.engine.tck.golden.Golden;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The trained demo checkpoint against transformers, see {@code demo/golden.py}. */
class DemoCheckpointTest {
  private static final Path DEMO = Path.of("..", "demo");

  @ParameterizedTest
  @CsvSource({"1, 0", "1, 3", "2, 1", "4, 0"})
  void answersAsTransformersDoes(int ranks, int drafts) {
    Golden golden = Golden.of(DEMO.resolve("checkpoint"), DEMO.resolve("golden"));
    EngineConfig config =
        GoldenRun.config(
            DEMO.resolve("checkpoint"),
            options ->
                options
                    .tensorParallelSize(ranks)
                    .speculation(drafts == 0 ? null : new SpeculationConfig("mtp", drafts)));
    List<GenerationRequest> requests =
        golden.cases().stream().map(reference -> request(reference.prompt(), drafts)).toList();
    GoldenRun run = GoldenRun.of(config, requests);
    GoldenBounds.check(golden, run, drafts);
    if (drafts > 0) {
      assertThat(run.statistics().acceptedTokens()).isPositive();
    }
  }

  private static GenerationRequest request(int[] prompt, int drafts) {
    SamplingParameters sampling =
        SamplingParameters.builder()
            .temperature(0.0)
            .maxTokens(GoldenRun.TOKENS)
            .ignoreEndOfText(true)
            .build();
    GenerationRequest plain = GenerationRequest.of(Prompt.of(prompt), sampling);
    return new GenerationRequest(
        plain.id(),
        plain.prompt(),
        plain.sampling(),
        plain.priority(),
        new GenerationRequest.Diagnostics(drafts));
  }
}
