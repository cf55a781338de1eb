package dev.tenon.backend.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Threads that share one job at a time with the thread that brings it. Parts are taken one by one,
 * so a worker that the system holds up delays nobody; which worker does a part changes no result.
 * Idle workers spin for some microseconds, where there are cores for all, and then park.
 */
final class WorkerPool implements AutoCloseable {
  private static final int SPINS = 2_000;

  /** A part of a job. */
  @FunctionalInterface
  interface Part {
    /** Does part {@code index}; parts write to disjoint places. */
    void run(int index);
  }

  private final Thread[] threads;
  private final int spins;
  private volatile boolean closed;
  private volatile Job job = new Job(0, index -> {});
  private volatile int parked;

  /** A pool that has the machine for itself. */
  WorkerPool(int size, String name) {
    this(size, size, name);
  }

  /**
   * @param size threads that work on a job, the caller included
   * @param total threads of all pools that work at once
   */
  WorkerPool(int size, int total, String name) {
    spins = total <= Runtime.getRuntime().availableProcessors() ? SPINS : 0;
    threads = new Thread[size - 1];
    for (int i = 0; i < threads.length; i++) {
      threads[i] = Thread.ofPlatform().daemon().name(name + "-worker-" + (i + 1)).start(this::work);
    }
  }

  /** One job: who comes late finds nothing left and touches nothing. */
  private static final class Job {
    final int count;
    final Part part;
    final AtomicInteger next = new AtomicInteger();
    final AtomicInteger done = new AtomicInteger();
    volatile @Nullable Throwable failure;
    volatile @Nullable Thread waiting;

    Job(int count, Part part) {
      this.count = count;
      this.part = part;
    }

    void work() {
      for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        try {
          part.run(i);
        } catch (Throwable t) {
          failure = t;
        } finally {
          if (done.incrementAndGet() == count) {
            LockSupport.unpark(waiting);
          }
        }
      }
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
    Job mine = new Job(count, part);
    job = mine;
    if (parked > 0) {
      for (Thread thread : threads) {
        LockSupport.unpark(thread);
      }
    }
    mine.work();
    for (int i = 0; i < spins && mine.done.get() < count; i++) {
      Thread.onSpinWait();
    }
    if (mine.done.get() < count) {
      mine.waiting = Thread.currentThread();
      while (mine.done.get() < count) {
        LockSupport.park(this);
      }
    }
    Throwable thrown = mine.failure;
    if (thrown != null) {
      throw new IllegalStateException("a worker failed", thrown);
    }
  }

  private void work() {
    Job seen = job;
    while (!closed) {
      for (int i = 0; i < spins && job == seen && !closed; i++) {
        Thread.onSpinWait();
      }
      if (job == seen && !closed) {
        rest(seen);
      }
      seen = job;
      seen.work();
    }
  }

  private void rest(Job seen) {
    synchronized (this) {
      parked++;
    }
    while (job == seen && !closed) {
      LockSupport.park(this);
    }
    synchronized (this) {
      parked--;
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
