package dev.tenon.backend.cuda.core;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Events that are used again once they were passed. One thread. */
final class EventPool implements AutoCloseable {
  private final long context;
  private final Deque<Long> free = new ArrayDeque<>();
  private final List<Long> all = new ArrayList<>();

  EventPool(long context) {
    this.context = context;
  }

  long take() {
    Long event = free.poll();
    if (event == null) {
      event = NativeCuda.createEvent(context, false);
      all.add(event);
    }
    return event;
  }

  void give(long event) {
    free.push(event);
  }

  @Override
  public void close() {
    all.forEach(event -> NativeCuda.destroyEvent(context, event));
    all.clear();
    free.clear();
  }
}
