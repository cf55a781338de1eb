package dev.tenon.distribution.bench;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** Shows how far a run has come: one line that is drawn anew on a terminal, else one in a while. */
public class RunProgress {
  /** Shows nothing. */
  public static final RunProgress NONE = new RunProgress();

  private RunProgress() {}

  /** Shows it on a stream. */
  public static RunProgress on(PrintStream err, int requests) {
    return new Shown(err, requests);
  }

  /** Some chunks came. */
  void chunks(int count) {}

  /** A request ended. */
  void request() {}

  /** All requests ended. */
  void end() {}

  private static final class Shown extends RunProgress {
    private static final int WIDTH = 30;
    private static final long REDRAW_NANOS = 200_000_000L;
    private static final long LINE_NANOS = 10_000_000_000L;

    private final PrintStream err;
    private final int requests;
    private final boolean terminal = System.console() != null && System.console().isTerminal();
    private final LongAdder chunks = new LongAdder();
    private final AtomicInteger ended = new AtomicInteger();
    private final Thread drawer;
    private long before;
    private long drawn = System.nanoTime();

    Shown(PrintStream err, int requests) {
      this.err = err;
      this.requests = requests;
      drawer = Thread.ofVirtual().start(this::draw);
    }

    @Override
    void chunks(int count) {
      chunks.add(count);
    }

    @Override
    void request() {
      ended.incrementAndGet();
    }

    @Override
    void end() {
      drawer.interrupt();
      try {
        drawer.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (terminal) {
        line();
        err.println();
      }
    }

    private void draw() {
      try {
        while (true) {
          Thread.sleep((terminal ? REDRAW_NANOS : LINE_NANOS) / 1_000_000);
          line();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void line() {
      long count = chunks.sum();
      long now = System.nanoTime();
      double rate = (count - before) * 1e9 / Math.max(1, now - drawn);
      before = count;
      drawn = now;
      int done = ended.get();
      int filled = (int) ((long) WIDTH * done / Math.max(1, requests));
      err.printf(
          Locale.ROOT,
          "%s[%s%s] %d of %d requests, %.0f chunks/s   %s",
          terminal ? "\r" : "",
          "#".repeat(filled),
          ".".repeat(WIDTH - filled),
          done,
          requests,
          rate,
          terminal ? "" : "\n");
      err.flush();
    }
  }
}
