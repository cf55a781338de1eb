package dev.tenon.backend.cuda.core.step;

import java.util.Arrays;

/** Collects the 64-bit words of an operation's parameters, in the order of its C struct. */
final class StepWords {
  private long[] values = new long[64];
  private int filled;

  StepWords with(long... more) {
    if (filled + more.length > values.length) {
      values = Arrays.copyOf(values, 2 * (filled + more.length));
    }
    System.arraycopy(more, 0, values, filled, more.length);
    filled += more.length;
    return this;
  }

  long[] complete() {
    return Arrays.copyOf(values, filled);
  }
}
