package dev.tenon.server.javalin;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.TenonException;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The events that a test wrote, one after each pause. */
final class FakeStream implements GenerationStream {
  /** Ends the stream, or fails it. */
  private record End(boolean failed) {}

  private final String id;
  private final LinkedBlockingDeque<Object> events = new LinkedBlockingDeque<>();
  volatile boolean closed;
  volatile boolean ended;

  /** Whether it was closed before it had ended; the engine may end it afterwards. */
  volatile boolean cancelled;

  FakeStream(String id) {
    this.id = id;
  }

  void add(GenerationEvent event) {
    events.add(event);
  }

  void end() {
    ended = true;
    events.add(new End(false));
  }

  void fail() {
    ended = true;
    events.add(new End(true));
  }

  @Override
  public String requestId() {
    return id;
  }

  @Override
  public @Nullable GenerationEvent next() throws InterruptedException {
    Object next = events.take();
    if (next instanceof GenerationEvent event) {
      return event;
    }
    events.addFirst(next);
    if (next instanceof End end && end.failed() && !closed) {
      throw new TenonException(ErrorCode.DEVICE_FAULT, "the device is on fire");
    }
    return null;
  }

  @Override
  public boolean await(Duration limit) throws InterruptedException {
    Object next = events.poll(limit.toNanos(), TimeUnit.NANOSECONDS);
    if (next != null) {
      events.addFirst(next);
    }
    return next != null;
  }

  @Override
  public void close() {
    if (!ended) {
      cancelled = true;
    }
    closed = true;
    if (!ended) {
      events.clear();
      events.add(new End(false));
    }
  }
}
