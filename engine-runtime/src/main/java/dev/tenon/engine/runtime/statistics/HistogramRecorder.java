package dev.tenon.engine.runtime.statistics;

import dev.tenon.api.Histogram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** A histogram that one thread fills and any thread reads. */
final class HistogramRecorder {
  private final double[] bounds;
  private final AtomicLongArray counts;
  private final AtomicLong sumBits = new AtomicLong(Double.doubleToRawLongBits(0));

  HistogramRecorder(double... bounds) {
    this.bounds = bounds.clone();
    this.counts = new AtomicLongArray(bounds.length + 1);
  }

  /** Bounds for times in seconds, from {@code least} on, in steps of about two. */
  static HistogramRecorder ofSeconds(double least, int buckets) {
    double[] bounds = new double[buckets];
    double decade = least;
    double[] factors = {1, 2.5, 5};
    for (int i = 0; i < buckets; i++) {
      bounds[i] = decade * factors[i % 3];
      if (i % 3 == 2) {
        decade *= 10;
      }
    }
    return new HistogramRecorder(bounds);
  }

  /** Bounds for numbers of tokens: powers of two. */
  static HistogramRecorder ofTokens() {
    double[] bounds = new double[21];
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = 1L << i;
    }
    return new HistogramRecorder(bounds);
  }

  void record(double value) {
    int index = Arrays.binarySearch(bounds, value);
    int bucket = index >= 0 ? index : -index - 1;
    counts.lazySet(bucket, counts.getPlain(bucket) + 1);
    double sum = Double.longBitsToDouble(sumBits.getPlain()) + value;
    sumBits.lazySet(Double.doubleToRawLongBits(sum));
  }

  Histogram read() {
    List<Long> read = new ArrayList<>();
    for (int i = 0; i < counts.length(); i++) {
      read.add(counts.get(i));
    }
    return new Histogram(
        Arrays.stream(bounds).boxed().toList(), read, Double.longBitsToDouble(sumBits.get()));
  }
}
