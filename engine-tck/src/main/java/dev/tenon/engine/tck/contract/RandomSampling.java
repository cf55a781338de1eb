package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.SlotSampling;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Random ways to sample, in which everything that a request can ask for comes up. */
final class RandomSampling {
  private final Random random;
  private final int vocabulary;

  RandomSampling(Random random, int vocabulary) {
    this.random = random;
    this.vocabulary = vocabulary;
  }

  /** Anything. */
  SlotSampling next(int maxTokens) {
    boolean greedy = random.nextInt(4) == 0;
    int[] ends = rarely() ? sorted(3) : new int[0];
    int[] biased = rarely() ? sorted(5) : new int[0];
    return sampling(
        greedy ? 0 : 0.1f + 2 * random.nextFloat(),
        rarely() ? 0.1f + 0.9f * random.nextFloat() : 1,
        rarely() ? 1 + random.nextInt(vocabulary) : 0,
        rarely() ? 0.4f * random.nextFloat() : 0,
        rarely() ? 0.6f + random.nextFloat() : 1,
        rarely() ? 2 * random.nextFloat() - 1 : 0,
        rarely() ? 2 * random.nextFloat() - 1 : 0,
        biased,
        RandomTensors.values(random, biased.length, 4),
        rarely() ? sorted(vocabulary / 2) : null,
        rarely()
            ? new int[][] {sorted(1), {random.nextInt(vocabulary), sorted(1)[0]}}
            : new int[0][],
        vocabulary - random.nextInt(5),
        rarely() ? random.nextInt(4) : 0,
        1 + random.nextInt(maxTokens),
        ends,
        random.nextBoolean() ? random.nextInt(4) : -1,
        -1);
  }

  /** Draws from the distribution as it is. */
  SlotSampling plain(int maxTokens) {
    return reporting(maxTokens, -1, -1);
  }

  /** The same, with log-probabilities. */
  SlotSampling reporting(int maxTokens, int logprobs, int promptLogprobs) {
    return sampling(
        1,
        1,
        0,
        0,
        1,
        0,
        0,
        new int[0],
        new float[0],
        null,
        new int[0][],
        vocabulary,
        0,
        maxTokens,
        new int[0],
        logprobs,
        promptLogprobs);
  }

  /** Takes the greatest of a few ids. */
  SlotSampling greedyAmong(int... ids) {
    return sampling(
        0,
        1,
        0,
        0,
        1,
        0,
        0,
        new int[0],
        new float[0],
        ids,
        new int[0][],
        vocabulary,
        0,
        Integer.MAX_VALUE,
        new int[0],
        -1,
        -1);
  }

  private SlotSampling sampling(
      float temperature,
      float topP,
      int topK,
      float minP,
      float repetition,
      float presence,
      float frequency,
      int[] biased,
      float[] biases,
      int @Nullable [] allowed,
      int[][] badWords,
      int usable,
      int minTokens,
      int maxTokens,
      int[] ends,
      int logprobs,
      int promptLogprobs) {
    return new SlotSampling(
        temperature,
        topP,
        topK,
        minP,
        repetition,
        presence,
        frequency,
        random.nextLong(),
        biased,
        biases,
        allowed,
        badWords,
        usable,
        minTokens,
        maxTokens,
        ends,
        logprobs,
        promptLogprobs);
  }

  private boolean rarely() {
    return random.nextInt(3) == 0;
  }

  /** Different ids, ascending. */
  private int[] sorted(int count) {
    return random.ints(0, vocabulary).distinct().limit(count).sorted().toArray();
  }
}
