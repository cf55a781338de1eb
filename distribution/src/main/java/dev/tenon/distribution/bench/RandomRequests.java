package dev.tenon.distribution.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Prompts of random ids, each with its own lengths, the same ones for the same seed. */
final class RandomRequests {
  /**
   * One request.
   *
   * @param prompt ids
   * @param outputTokens most tokens of its answer
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record RandomRequest(int[] prompt, int outputTokens) {}

  private RandomRequests() {}

  static List<RandomRequest> of(LoadPlan plan, int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<RandomRequest> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] prompt =
          random
              .ints(length(random, plan.inputTokens(), plan.rangeRatio()), 0, plan.vocabulary())
              .toArray();
      requests.add(
          new RandomRequest(prompt, length(random, plan.outputTokens(), plan.rangeRatio())));
    }
    return requests;
  }

  private static int length(SplittableRandom random, int middle, double ratio) {
    int least = (int) Math.max(1, Math.floor(middle * (1 - ratio)));
    int most = (int) Math.max(1, Math.ceil(middle * (1 + ratio)));
    return least + random.nextInt(most - least + 1);
  }
}
