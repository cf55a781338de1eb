package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.MoeWeights;
import java.util.Arrays;

/** Which experts each row passes, and with which weight. */
final class Routing {
  private final int rows;
  private final int chosen;
  private final int[] experts;
  private final float[] weights;

  /**
   * Softmax over all experts in f32, then the greatest, the lowest index where equal.
   *
   * @param scores {@code [rows][experts]}; overwritten
   */
  Routing(MoeWeights moe, float[] scores, int rows) {
    this.rows = rows;
    chosen = moe.expertsPerToken();
    experts = new int[rows * chosen];
    weights = new float[rows * chosen];
    for (int row = 0; row < rows; row++) {
      softmax(scores, row * moe.experts(), moe.experts());
      choose(scores, row * moe.experts(), moe.experts(), row * chosen);
      if (moe.weighting() == MoeWeights.Weighting.NORMALISED) {
        normalise(row * chosen);
      }
    }
  }

  /** First visit of each held expert among all visits ordered by expert, then by row. */
  int[] starts(int firstExpert, int held) {
    int[] starts = new int[held + 1];
    for (int expert : experts) {
      int local = expert - firstExpert;
      if (local >= 0 && local < held) {
        starts[local + 1]++;
      }
    }
    for (int i = 0; i < held; i++) {
      starts[i + 1] += starts[i];
    }
    return starts;
  }

  /** Row and weight of each visit. */
  void fill(int firstExpert, int held, int[] starts, int[] rowOf, float[] weightOf) {
    int[] next = Arrays.copyOf(starts, held);
    for (int i = 0; i < experts.length; i++) {
      int local = experts[i] - firstExpert;
      if (local >= 0 && local < held) {
        int visit = next[local]++;
        rowOf[visit] = i / chosen;
        weightOf[visit] = weights[i];
      }
    }
  }

  /** Visits of each row in ascending order of expert. */
  int[][] visitsByRow(int[] rowOf) {
    int[][] visits = new int[rows][];
    int[] counts = new int[rows];
    for (int row : rowOf) {
      counts[row]++;
    }
    for (int row = 0; row < rows; row++) {
      visits[row] = new int[counts[row]];
      counts[row] = 0;
    }
    for (int visit = 0; visit < rowOf.length; visit++) {
      int row = rowOf[visit];
      visits[row][counts[row]++] = visit;
    }
    return visits;
  }

  private static void softmax(float[] values, int from, int length) {
    float greatest = Float.NEGATIVE_INFINITY;
    for (int i = from; i < from + length; i++) {
      greatest = Math.max(greatest, values[i]);
    }
    float sum = 0;
    for (int i = from; i < from + length; i++) {
      values[i] = (float) Math.exp(values[i] - greatest);
      sum += values[i];
    }
    for (int i = from; i < from + length; i++) {
      values[i] /= sum;
    }
  }

  private void choose(float[] probabilities, int from, int length, int to) {
    for (int k = 0; k < chosen; k++) {
      int best = -1;
      for (int e = 0; e < length; e++) {
        float p = probabilities[from + e];
        if (p >= 0 && (best < 0 || p > probabilities[from + best])) {
          best = e;
        }
      }
      if (best < 0) { // not a number everywhere: stay within bounds, the logits will show it
        best = k;
      }
      experts[to + k] = best;
      weights[to + k] = probabilities[from + best];
      probabilities[from + best] = -1;
    }
  }

  private void normalise(int from) {
    float sum = 0;
    for (int i = from; i < from + chosen; i++) {
      sum += weights[i];
    }
    for (int i = from; i < from + chosen; i++) {
      weights[i] /= sum;
    }
  }
}
