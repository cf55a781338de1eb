package dev.tenon.distribution.bench;

import java.util.Arrays;

/**
 * What became of a request.
 *
 * @param started when it was sent, {@link System#nanoTime}
 * @param chunkTimes when each chunk of its answer came, likewise
 * @param promptTokens tokens of its prompt
 * @param outputTokens tokens of its answer
 * @param error why it failed; empty if it did not
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
record Outcome(
    long started, long[] chunkTimes, long promptTokens, long outputTokens, String error) {
  private static final double NANOS_PER_MILLI = 1e6;

  static Outcome failed(long started, String error) {
    return new Outcome(started, new long[0], 0, 0, error);
  }

  boolean succeeded() {
    return error.isEmpty();
  }

  /** Milliseconds from sending to the first chunk. */
  double timeToFirstToken() {
    return (chunkTimes[0] - started) / NANOS_PER_MILLI;
  }

  /** Milliseconds from sending to the last chunk. */
  double latency() {
    return (chunkTimes[chunkTimes.length - 1] - started) / NANOS_PER_MILLI;
  }

  /** Milliseconds per token after the first; only for two tokens or more. */
  double timePerOutputToken() {
    return (latency() - timeToFirstToken()) / (outputTokens - 1);
  }

  /** Milliseconds between a chunk and the next. */
  double[] interTokenLatencies() {
    double[] gaps = new double[Math.max(0, chunkTimes.length - 1)];
    Arrays.setAll(gaps, i -> (chunkTimes[i + 1] - chunkTimes[i]) / NANOS_PER_MILLI);
    return gaps;
  }
}
