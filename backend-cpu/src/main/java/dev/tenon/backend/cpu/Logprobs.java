package dev.tenon.backend.cpu;

import dev.tenon.api.TokenLogprobs;

/** Log-probabilities of a row's raw distribution. */
final class Logprobs {
  private Logprobs() {}

  /**
   * The token's log-probability and rank, and the greatest ids, in one pass over the row: the sum
   * of the exponentials is kept relative to the greatest logit so far.
   *
   * @param alternatives how many of the greatest
   */
  static TokenLogprobs of(float[] logits, int from, int vocabulary, int token, int alternatives) {
    int[] ids = new int[Math.min(alternatives, vocabulary)];
    float own = logits[from + token];
    float greatest = Float.NEGATIVE_INFINITY;
    double sum = 0;
    int rank = 1;
    int held = 0;
    for (int id = 0; id < vocabulary; id++) {
      float value = logits[from + id];
      if (value > greatest) {
        sum = sum * Math.exp((double) greatest - value) + 1;
        greatest = value;
      } else if (value > Float.NEGATIVE_INFINITY) {
        sum += Math.exp((double) value - greatest);
      }
      if (value > own) {
        rank++;
      }
      held = insert(logits, from, ids, held, id);
    }
    double total = greatest + Math.log(sum);
    float[] logprobs = new float[ids.length];
    for (int i = 0; i < ids.length; i++) {
      logprobs[i] = (float) (logits[from + ids[i]] - total);
    }
    return new TokenLogprobs(token, (float) (own - total), rank, ids, logprobs);
  }

  /** Ids of the greatest logits, greatest first, the lowest id where equal. */
  static int[] greatestIds(float[] logits, int from, int vocabulary, int count) {
    int[] ids = new int[count];
    int held = 0;
    for (int id = 0; id < vocabulary; id++) {
      held = insert(logits, from, ids, held, id);
    }
    return ids;
  }

  /** Takes an id among the greatest if it belongs there; returns how many are held then. */
  private static int insert(float[] logits, int from, int[] ids, int held, int id) {
    float value = logits[from + id];
    int count = ids.length;
    if (held == count && (count == 0 || !(value > logits[from + ids[count - 1]]))) {
      return held;
    }
    int at = held < count ? held : count - 1;
    while (at > 0 && value > logits[from + ids[at - 1]]) {
      ids[at] = ids[at - 1];
      at--;
    }
    ids[at] = id;
    return Math.min(held + 1, count);
  }
}
