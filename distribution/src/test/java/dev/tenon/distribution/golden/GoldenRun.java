package dev.tenon.distribution.golden;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.engine.tck.golden.Golden;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Requests that were all submitted at once to an engine of their own.
 *
 * @param answers in the order of the requests
 * @param statistics after the last answer
 */
record GoldenRun(List<Answer> answers, EngineStatistics statistics) {
  /** Tokens that the reference generated per prompt. */
  static final int TOKENS = 16;

  private static final int MAX_LENGTH = 1600;

  /** A golden's prompts, with logits and all drafts reported. */
  static GoldenRun of(Golden golden, UnaryOperator<EngineConfigBuilder> options) {
    return of(golden, GoldenCheckpoints.of(golden), options);
  }

  /** A golden's prompts on a checkpoint that should answer like its own. */
  static GoldenRun of(Golden golden, Path checkpoint, UnaryOperator<EngineConfigBuilder> options) {
    EngineConfig config = config(checkpoint, options);
    int drafts = config.speculation() == null ? 0 : config.speculation().draftTokens();
    return of(config, golden.cases().stream().map(c -> diagnosed(c.prompt(), drafts)).toList());
  }

  static GoldenRun of(EngineConfig config, List<GenerationRequest> requests) {
    try (Engine engine = Engine.open(config)) {
      // the longest, which come last, first: all others come while they run
      List<GenerationStream> streams =
          requests.reversed().stream().map(engine::submit).toList().reversed();
      List<Answer> answers = streams.stream().map(Answer::read).toList();
      return new GoldenRun(answers, engine.statistics());
    }
  }

  static EngineConfig config(Path checkpoint, UnaryOperator<EngineConfigBuilder> options) {
    EngineConfigBuilder builder =
        EngineConfig.builder(checkpoint.toString())
            .backend("cpu")
            .maxModelLen(MAX_LENGTH)
            .numBlocks(200)
            .blockSize(16);
    return options.apply(builder).build();
  }

  private static GenerationRequest diagnosed(int[] prompt, int drafts) {
    GenerationRequest plain =
        GenerationRequest.of(Prompt.of(prompt), SamplingParameters.greedy(TOKENS));
    return new GenerationRequest(
        plain.id(),
        plain.prompt(),
        plain.sampling(),
        plain.priority(),
        new GenerationRequest.Diagnostics(drafts));
  }
}
