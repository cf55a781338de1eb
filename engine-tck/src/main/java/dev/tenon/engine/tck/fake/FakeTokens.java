package dev.tenon.engine.tck.fake;

import dev.tenon.spi.backend.NoiseStream;
import dev.tenon.spi.backend.SlotSampling;
import java.util.Arrays;

/**
 * The tokens that a fake backend draws: a function of all tokens before, and, unless greedy, of the
 * seed and the output index. Any mistake in scheduling changes them.
 */
public final class FakeTokens {
  private FakeTokens() {}

  /** The state before any token. */
  static final long START = 0x5DEECE66DL;

  /** The state after one more token. */
  static long fold(long state, int token) {
    return NoiseStream.key(state, token);
  }

  /**
   * The token drawn in a state.
   *
   * @param outputIndex tokens output before
   */
  static int next(long state, SlotSampling sampling, int outputIndex) {
    long noise = sampling.temperature() < 1e-5f ? 0 : NoiseStream.key(sampling.seed(), outputIndex);
    int id = (int) Long.remainderUnsigned(fold(state ^ noise, 7), sampling.usableIds());
    while (outputIndex < sampling.minTokens() && isEnd(sampling, id)) {
      id = (id + 1) % sampling.usableIds();
    }
    return id;
  }

  static boolean isEnd(SlotSampling sampling, int id) {
    return Arrays.binarySearch(sampling.endIds(), id) >= 0;
  }

  /**
   * What a sequence outputs from first to last, whatever it is batched with.
   *
   * @param maxLength longest sequence
   */
  public static int[] expected(int[] prompt, SlotSampling sampling, int maxLength) {
    long state = START;
    for (int token : prompt) {
      state = fold(state, token);
    }
    int most = Math.min(sampling.maxTokens(), maxLength - prompt.length);
    int[] output = new int[most];
    for (int i = 0; i < most; i++) {
      output[i] = next(state, sampling, i);
      if (isEnd(sampling, output[i])) {
        return Arrays.copyOf(output, i + 1);
      }
      state = fold(state, output[i]);
    }
    return output;
  }
}
