package dev.tenon.engine.runtime.step;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Counts requests from submission on; bounds those that wait. Thread-safe. */
public final class LoadGauge {
  private final int mostWaiting;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private int waiting;
  private int active;

  /** With a bound for requests that were not yet admitted. */
  public LoadGauge(int mostWaiting) {
    this.mostWaiting = mostWaiting;
  }

  /** Counts requests, unless too many would wait then; answers whether it did. */
  public boolean tryEnter(int count) {
    lock.lock();
    try {
      if (count > mostWaiting - waiting) {
        return false;
      }
      waiting += count;
      active += count;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** A request no longer waits for its first admission. */
  void left() {
    lock.lock();
    try {
      waiting--;
    } finally {
      lock.unlock();
    }
  }

  /** A request is over. */
  void ended() {
    lock.lock();
    try {
      active--;
      if (active == 0) {
        idle.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until no request is active; answers whether that came to be. */
  public boolean awaitIdle(Duration limit) throws InterruptedException {
    long left = limit.compareTo(Duration.ofDays(365)) > 0 ? Long.MAX_VALUE / 2 : limit.toNanos();
    lock.lock();
    try {
      while (active > 0) {
        if (left <= 0) {
          return false;
        }
        left = idle.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Requests that have not ended. */
  public int active() {
    lock.lock();
    try {
      return active;
    } finally {
      lock.unlock();
    }
  }
}
