package dev.tenon.backend.cpu;

import dev.tenon.api.TokenLogprobs;

/** Log-probabilities of a row's raw distribution. */
final class Logprobs {
  private Logprobs() {}

  /**
   * The token's log-probability and rank, and the greatest ids.
   *
   * @param alternatives how many of the greatest
   */
  static TokenLogprobs of(float[] logits, int from, int vocabulary, int token, int alternatives) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < vocabulary; i++) {
      greatest = Math.max(greatest, logits[from + i]);
    }
    double sum = 0;
    int rank = 1;
    float own = logits[from + token];
    for (int i = 0; i < vocabulary; i++) {
      float value = logits[from + i];
      sum += Math.exp(value - greatest);
      if (value > own) {
        rank++;
      }
    }
    double total = greatest + Math.log(sum);
    int[] ids = greatestIds(logits, from, vocabulary, Math.min(alternatives, vocabulary));
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
      float value = logits[from + id];
      if (held == count && (count == 0 || !(value > logits[from + ids[count - 1]]))) {
        continue;
      }
      int at = held < count ? held++ : count - 1;
      while (at > 0 && value > logits[from + ids[at - 1]]) {
        ids[at] = ids[at - 1];
        at--;
      }
      ids[at] = id;
    }
    return ids;
  }
}
