package dev.tenon.benchmarks.cpu;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * Nanoseconds of what is measured: the clock on the wall, or for a single thread its processor
 * time, which runs on only while the thread does. What other programs take of caches and memory
 * still shows.
 */
final class Clock {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final boolean single;

  /** A clock for so many threads. */
  Clock(int threads) {
    single = threads == 1;
  }

  /** Now, as the calling thread sees it. */
  long nanoseconds() {
    return single ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
  }
}
