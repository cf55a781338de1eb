package dev.tenon.distribution.golden;

import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SamplingParametersBuilder;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Requests with random prompts, the same for the same seed. */
final class Samples {
  private static final int VOCABULARY = 256;

  private Samples() {}

  /**
   * One request per length, with logits reported.
   *
   * @param sampling what all have in common; the seed of each is added
   */
  static List<GenerationRequest> requests(
      int[] lengths, int maxTokens, long seed, UnaryOperator<SamplingParametersBuilder> sampling) {
    Random random = new Random(seed);
    return IntStream.range(0, lengths.length)
        .mapToObj(i ->
            new GenerationRequest(
                "sample-" + i,
                Prompt.of(random.ints(lengths[i], 0, VOCABULARY).toArray()),
                sampling
                    .apply(SamplingParameters.builder().seed(seed + i).maxTokens(maxTokens))
                    .build(),
                0,
                new GenerationRequest.Diagnostics(0)))
        .toList();
  }
}
