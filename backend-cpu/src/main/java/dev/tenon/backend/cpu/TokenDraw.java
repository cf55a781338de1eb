package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.NoiseStream;
import dev.tenon.spi.backend.SlotSampling;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Draws one token from a row of logits, as {@link SlotSampling} defines it. */
final class TokenDraw {
  private static final float GREEDY_BELOW = 1e-5f;

  /** Logits this far below the greatest have no mass in f32: they are dropped before sorting. */
  private static final float NEGLIGIBLE = 40f;

  /** Top-k up to which insertion beats sorting. */
  private static final int SELECTED_UP_TO = 128;

  private final float[] logits;
  private final Slot slot;
  private final SlotSampling sampling;

  /**
   * A draw.
   *
   * @param values row of logits from {@code from}; not changed
   * @param mask ids allowed, or {@code null} for all
   */
  TokenDraw(float[] values, int from, int vocabulary, Slot slot, long @Nullable [] mask) {
    this.slot = slot;
    sampling = slot.sampling();
    logits = Arrays.copyOfRange(values, from, from + vocabulary);
    forbid(mask);
    penalise();
    for (int i = 0; i < sampling.biasIds().length; i++) {
      logits[sampling.biasIds()[i]] += sampling.biases()[i];
    }
    forbidBadWords();
  }

  /** The id drawn. */
  int token() {
    if (sampling.temperature() < GREEDY_BELOW) {
      return greatest(logits, 0, logits.length);
    }
    float greatest = logits[greatest(logits, 0, logits.length)];
    int[] ids = candidates(greatest);
    float inverse = 1f / sampling.temperature();
    int kept = kept(ids, greatest, inverse);
    long key = NoiseStream.key(sampling.seed(), slot.outputs);
    int drawn = ids[0];
    double best = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < kept; i++) {
      double scaled = logits[ids[i]] * (double) inverse;
      double uniform = NoiseStream.uniform(key, ids[i]);
      if (canReach(best - scaled, uniform)) {
        double score = scaled - Math.log(-Math.log(uniform));
        if (score > best) {
          best = score;
          drawn = ids[i];
        }
      }
    }
    return drawn;
  }

  /**
   * Whether −ln(−ln u) can exceed {@code distance}: whether −ln u is below e^−distance. It is at
   * least 1 − u, and e^distance at least the first terms of its series, so most ids need no
   * logarithm.
   */
  private static boolean canReach(double distance, double uniform) {
    double d = distance;
    if (!(d > 0) || d == Double.POSITIVE_INFINITY) {
      return true;
    }
    double series = 1 + d * (1 + d / 2 * (1 + d / 3 * (1 + d / 4)));
    return (1 - uniform) * series <= 1 + 1e-9;
  }

  /** Id of the greatest logit, the lowest id where equal. */
  static int greatest(float[] logits, int from, int length) {
    int best = 0;
    for (int id = 1; id < length; id++) {
      if (logits[from + id] > logits[from + best]) {
        best = id;
      }
    }
    return best;
  }

  /** Ids that can be drawn at all; sorted by logit where a rule needs it, else by id. */
  private int[] candidates(float greatest) {
    float least = greatest - NEGLIGIBLE * Math.max(sampling.temperature(), 1e-3f);
    if (sampling.topK() > 0 && sampling.topK() <= SELECTED_UP_TO) {
      return selected(least);
    }
    int[] ids = new int[256];
    int count = 0;
    for (int id = 0; id < logits.length; id++) {
      if (logits[id] >= least && logits[id] > Float.NEGATIVE_INFINITY) {
        if (count == ids.length) {
          ids = Arrays.copyOf(ids, 2 * count);
        }
        ids[count++] = id;
      }
    }
    if (count == 0) {
      return new int[] {greatest(logits, 0, logits.length)};
    }
    boolean sorted = sampling.topK() > 0 || sampling.topP() < 1 || sampling.minP() > 0;
    if (!sorted) {
      return Arrays.copyOf(ids, count);
    }
    long[] order = new long[count];
    for (int i = 0; i < count; i++) {
      order[i] = (long) ~sortable(logits[ids[i]]) << 32 | ids[i];
    }
    Arrays.sort(order);
    int kept = sampling.topK() > 0 ? Math.min(sampling.topK(), count) : count;
    int[] best = new int[kept];
    for (int i = 0; i < kept; i++) {
      best[i] = (int) order[i];
    }
    return best;
  }

  /** The top-k by selection: no sort of the whole vocabulary. */
  private int[] selected(float least) {
    int count = Math.min(sampling.topK(), logits.length);
    int[] ids = Logprobs.greatestIds(logits, 0, logits.length, count);
    int kept = 1;
    while (kept < count
        && logits[ids[kept]] >= least
        && logits[ids[kept]] > Float.NEGATIVE_INFINITY) {
      kept++;
    }
    return Arrays.copyOf(ids, kept);
  }

  /** How many of the sorted candidates top-p and min-p leave. */
  private int kept(int[] ids, float greatest, float inverse) {
    if (sampling.topP() >= 1 && sampling.minP() <= 0) {
      return ids.length;
    }
    double[] weights = new double[ids.length];
    for (int i = 0; i < ids.length; i++) {
      weights[i] = Math.exp((logits[ids[i]] - greatest) * inverse);
    }
    int kept = weights.length;
    if (sampling.topP() < 1) {
      double total = Arrays.stream(weights).sum();
      double mass = 0;
      kept = 0;
      while (kept < weights.length && mass < sampling.topP() * total) {
        mass += weights[kept++];
      }
    }
    if (sampling.minP() > 0) {
      double least = sampling.minP() * weights[0];
      while (kept > 1 && weights[kept - 1] < least) {
        kept--;
      }
    }
    return Math.max(1, kept);
  }

  /** Keeps the order of floats when compared as integers. */
  private static int sortable(float value) {
    int bits = Float.floatToRawIntBits(value);
    return bits ^ bits >> 31 & Integer.MAX_VALUE;
  }

  private void forbid(long @Nullable [] mask) {
    int[] allowed = sampling.allowedTokenIds();
    for (int id = sampling.usableIds(); id < logits.length; id++) {
      logits[id] = Float.NEGATIVE_INFINITY;
    }
    for (int id = 0; id < logits.length && (mask != null || allowed != null); id++) {
      boolean open =
          (mask == null || (mask[id >> 6] >>> id & 1) != 0)
              && (allowed == null || Arrays.binarySearch(allowed, id) >= 0);
      if (!open) {
        logits[id] = Float.NEGATIVE_INFINITY;
      }
    }
    if (slot.outputs < sampling.minTokens()) {
      for (int id : sampling.endIds()) {
        if (id < logits.length) {
          logits[id] = Float.NEGATIVE_INFINITY;
        }
      }
    }
  }

  private void penalise() {
    int[] counts = slot.outputCounts();
    if (counts == null) {
      return;
    }
    float repetition = sampling.repetitionPenalty();
    if (repetition != 1) {
      boolean[] seen = new boolean[logits.length];
      for (int i = 0; i < slot.length(); i++) {
        int id = slot.token(i);
        if (!seen[id]) {
          seen[id] = true;
          logits[id] = logits[id] > 0 ? logits[id] / repetition : logits[id] * repetition;
        }
      }
    }
    for (int id = 0; id < logits.length; id++) {
      if (counts[id] > 0) {
        logits[id] -= sampling.frequencyPenalty() * counts[id] + sampling.presencePenalty();
      }
    }
  }

  private void forbidBadWords() {
    for (int[] word : sampling.badWords()) {
      int before = word.length - 1;
      boolean matches = slot.outputs >= before;
      for (int i = 0; i < before && matches; i++) {
        matches = slot.token(slot.length() - before + i) == word[i];
      }
      if (matches) {
        logits[word[before]] = Float.NEGATIVE_INFINITY;
      }
    }
  }
}
