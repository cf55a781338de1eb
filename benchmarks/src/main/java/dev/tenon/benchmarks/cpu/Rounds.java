package dev.tenon.benchmarks.cpu;

import java.util.Arrays;
import java.util.Locale;

/** What a product and its limit reached in rounds that alternate between the two. */
final class Rounds {
  static final int COUNT = 7;

  private final double work;
  private final double[] best = new double[COUNT];
  private final double[] limits = new double[COUNT];
  private final double[] shares = new double[COUNT];
  private final double[] medianShares = new double[COUNT];
  private int count;

  /**
   * @param work of one product
   */
  Rounds(double work) {
    this.work = work;
  }

  /**
   * Adds a round.
   *
   * @param seconds of its products, sorted
   * @param limit the greatest rate that the machine reached beside them
   */
  void add(double[] seconds, double limit) {
    best[count] = work / seconds[0];
    limits[count] = limit;
    shares[count] = best[count] / limit;
    medianShares[count] = work / seconds[seconds.length / 2] / limit;
    count++;
  }

  /** Medians over the rounds, and the range of the shares of the limit. */
  String describe(String unit) {
    Arrays.sort(shares);
    Arrays.sort(medianShares);
    return String.format(
        Locale.ROOT,
        "best %6.1f %s, %3.0f %% (%.0f-%.0f) of the limit; median product %3.0f %%",
        median(best),
        unit,
        100 * shares[COUNT / 2],
        100 * shares[0],
        100 * shares[COUNT - 1],
        100 * medianShares[COUNT / 2]);
  }

  /** The limit, likewise. */
  String describeLimit(String name) {
    return String.format(Locale.ROOT, "%s %.1f", name, median(limits));
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
