package dev.tenon.engine.runtime.statistics;

import java.util.concurrent.atomic.AtomicLong;

/** A count that one thread raises, without locks or fences, and any thread reads. */
final class Counter {
  private final AtomicLong value = new AtomicLong();

  void add(long amount) {
    value.lazySet(value.getPlain() + amount);
  }

  void set(long newValue) {
    value.lazySet(newValue);
  }

  long read() {
    return value.get();
  }
}
