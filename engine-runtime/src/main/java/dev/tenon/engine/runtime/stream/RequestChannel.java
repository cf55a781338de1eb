package dev.tenon.engine.runtime.stream;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Carries results from the engine's thread to one reader, without locks. Appending never waits, and
 * wakes the reader only if it sleeps.
 */
public final class RequestChannel {
  private final Queue<RawResult> results = new ConcurrentLinkedQueue<>();
  private volatile @Nullable Thread sleeper;
  private volatile boolean closed;

  /** Appends a result; dropped once the reader closed the channel. */
  public void append(RawResult result) {
    if (!closed) {
      results.add(result);
      wake();
    }
  }

  /** Ends reading; what is queued is dropped. */
  public void close() {
    closed = true;
    results.clear();
    wake();
  }

  /** Whether it was closed. */
  public boolean isClosed() {
    return closed;
  }

  /** The next result if there is one. */
  public @Nullable RawResult poll() {
    return results.poll();
  }

  /**
   * Waits for the next result.
   *
   * @param deadline {@link System#nanoTime} after which it gives up
   * @return {@code null} once closed, or at the deadline
   */
  public @Nullable RawResult poll(long deadline) throws InterruptedException {
    RawResult result = results.poll();
    if (result != null) {
      return result;
    }
    sleeper = Thread.currentThread();
    try {
      while (!closed) {
        result = results.poll();
        if (result != null) {
          return result;
        }
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          return null;
        }
        LockSupport.parkNanos(this, left);
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted while waiting for a generation");
        }
      }
      return null;
    } finally {
      sleeper = null;
    }
  }

  private void wake() {
    Thread thread = sleeper;
    if (thread != null) {
      LockSupport.unpark(thread);
    }
  }
}
