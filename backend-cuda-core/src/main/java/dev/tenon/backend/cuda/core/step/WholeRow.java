package dev.tenon.backend.cuda.core.step;

import dev.tenon.api.TokenLogprobs;
import java.util.Arrays;

/** Log-probabilities of a row that came to the host whole: more of them than the device reports. */
final class WholeRow {
  private WholeRow() {}

  /**
   * The token's log-probability and rank, and the greatest ids, the lowest first where equal.
   *
   * @param alternatives how many of the greatest
   */
  static TokenLogprobs logprobs(float[] logits, int token, int alternatives) {
    float greatest = Float.NEGATIVE_INFINITY;
    for (float logit : logits) {
      greatest = Math.max(greatest, logit);
    }
    double sum = 0;
    int rank = 1;
    for (float logit : logits) {
      sum += Math.exp(logit - (double) greatest);
      rank += logit > logits[token] ? 1 : 0;
    }
    double total = greatest + Math.log(sum);
    long[] order = new long[logits.length];
    for (int id = 0; id < logits.length; id++) {
      order[id] = (long) ~sortable(logits[id] + 0f) << 32 | id;
    }
    Arrays.sort(order);
    int[] ids = new int[Math.min(alternatives, logits.length)];
    float[] logprobs = new float[ids.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) order[i];
      logprobs[i] = (float) (logits[ids[i]] - total);
    }
    return new TokenLogprobs(token, (float) (logits[token] - total), rank, ids, logprobs);
  }

  /** Keeps the order of floats when compared as integers. */
  private static int sortable(float value) {
    int bits = Float.floatToRawIntBits(value);
    return bits ^ (bits >> 31 & Integer.MAX_VALUE);
  }
}
