package dev.tenon.backend.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Threads that share one job at a time with the thread that brings it. Idle workers spin briefly and
 * then park, so that pools of several ranks do not burn each other's cores.
 */
final class WorkerPool implements AutoCloseable {
  private static final int SPINS = 4_000;

  /** A part of a job. */
  @FunctionalInterface
  interface Part {
    /** Does part {@code index}; parts write to disjoint places. */
    void run(int index);
  }

  private final Thread[] threads;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger unfinished = new AtomicInteger();
  private volatile int epoch;
  private volatile boolean closed;
  private volatile @Nullable Part job;
  private volatile int parts;
  private volatile @Nullable Throwable failure;

  WorkerPool(int size, String name) {
    threads = new Thread[size - 1];
    for (int i = 0; i < threads.length; i++) {
      threads[i] = Thread.ofPlatform().daemon().name(name + "-worker-" + (i + 1)).start(this::work);
    }
  }

  /** Threads that work on a job, the caller included. */
  int size() {
    return threads.length + 1;
  }

  /** Runs parts 0 … count − 1 and returns when all are done. Called by one thread at a time. */
  void run(int count, Part part) {
    if (threads.length == 0 || count <= 1) {
      for (int i = 0; i < count; i++) {
        part.run(i);
      }
      return;
    }
    failure = null;
    job = part;
    parts = count;
    next.set(0);
    unfinished.set(threads.length);
    epoch++;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
    take(part, count);
    for (int spins = 0; unfinished.get() > 0; spins++) {
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
    Throwable thrown = failure;
    if (thrown != null) {
      throw new IllegalStateException("a worker failed", thrown);
    }
  }

  private void take(Part part, int count) {
    for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
      part.run(i);
    }
  }

  private void work() {
    int seen = 0;
    while (!closed) {
      for (int spins = 0; epoch == seen && !closed; spins++) {
        if (spins < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
        }
      }
      if (closed) {
        return;
      }
      seen = epoch;
      Part part = job;
      try {
        if (part != null) {
          take(part, parts);
        }
      } catch (Throwable t) {
        failure = t;
      } finally {
        unfinished.decrementAndGet();
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
  }
}
