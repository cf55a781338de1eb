package dev.tenon.api;

import java.util.List;

/**
 * A snapshot of observed values.
 *
 * @param bounds upper bounds of the buckets, ascending; a last bucket without bound follows
 * @param counts observations per bucket, one more than bounds; not cumulative
 * @param sum of all observations
 */
public record Histogram(List<Double> bounds, List<Long> counts, double sum) {
  /** Number of observations. */
  public long count() {
    return counts.stream().mapToLong(Long::longValue).sum();
  }
}
