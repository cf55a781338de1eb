package dev.tenon.distribution.bench;

import java.util.Arrays;

/** Sorted values and their statistics; those of no values are 0. */
final class Sample {
  private final double[] sorted;

  Sample(double[] values) {
    sorted = values.clone();
    Arrays.sort(sorted);
  }

  double mean() {
    return Arrays.stream(sorted).average().orElse(0);
  }

  /** Standard deviation of the values themselves, not of a population behind them. */
  double deviation() {
    double mean = mean();
    return Math.sqrt(Arrays.stream(sorted).map(v -> (v - mean) * (v - mean)).average().orElse(0));
  }

  double median() {
    return percentile(50);
  }

  /** Value below which a share of them lies, 0 to 100; between two values by a straight line. */
  double percentile(double percent) {
    if (sorted.length == 0) {
      return 0;
    }
    double at = percent / 100 * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
