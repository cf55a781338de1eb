package dev.tenon.server.javalin;

import dev.tenon.api.Engine;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The events of all prompts of one HTTP request, in the order in which they happen. Closing it
 * cancels what still runs.
 */
final class EventFeed implements AutoCloseable {
  /**
   * One event, or the end of a prompt's events.
   *
   * @param prompt which prompt
   * @param event what happened; {@code null} at the end
   * @param failure why it ended, if not as planned
   */
  record Item(int prompt, @Nullable GenerationEvent event, @Nullable RuntimeException failure) {}

  private final List<GenerationStream> streams = new ArrayList<>();
  private final LinkedBlockingQueue<Item> items = new LinkedBlockingQueue<>();
  private int open;

  private EventFeed() {}

  /** Submits all prompts, or none. */
  static EventFeed submit(Engine engine, List<GenerationRequest> requests) {
    EventFeed feed = new EventFeed();
    try {
      for (GenerationRequest request : requests) {
        feed.streams.add(engine.submit(request));
      }
    } catch (RuntimeException e) {
      feed.close();
      throw e;
    }
    feed.start();
    return feed;
  }

  private void start() {
    open = streams.size();
    if (open == 1) {
      return; // read where its answer is written, without a thread and a queue between
    }
    for (int i = 0; i < open; i++) {
      int prompt = i;
      Thread.ofVirtual().name("tenon-events").start(() -> pump(prompt));
    }
  }

  private void pump(int prompt) {
    RuntimeException failure = null;
    try {
      GenerationStream stream = streams.get(prompt);
      for (GenerationEvent event = stream.next(); event != null; event = stream.next()) {
        items.add(new Item(prompt, event, null));
      }
    } catch (RuntimeException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    items.add(new Item(prompt, null, failure));
  }

  /** Whether all events of all prompts were taken. */
  boolean ended() {
    return open == 0;
  }

  /** Whether an event, or an end, waits to be taken. */
  boolean ready() throws InterruptedException {
    return streams.size() == 1 ? streams.getFirst().await(Duration.ZERO) : !items.isEmpty();
  }

  /** The next event, or {@code null} if none comes within the limit or a prompt has ended. */
  @Nullable Item poll(Duration limit) throws InterruptedException {
    return streams.size() == 1 ? pollOnly(streams.getFirst(), limit) : pollAny(limit);
  }

  private @Nullable Item pollOnly(GenerationStream stream, Duration limit)
      throws InterruptedException {
    if (!stream.await(limit)) {
      return null;
    }
    GenerationEvent event;
    try {
      event = stream.next();
    } catch (RuntimeException e) {
      open--;
      throw e;
    }
    if (event == null) {
      open--;
      return null;
    }
    return new Item(0, event, null);
  }

  private @Nullable Item pollAny(Duration limit) throws InterruptedException {
    Item item = items.poll(limit.toNanos(), TimeUnit.NANOSECONDS);
    if (item == null || item.event() != null) {
      return item;
    }
    open--;
    if (item.failure() != null) {
      throw item.failure();
    }
    return null;
  }

  @Override
  public void close() {
    streams.forEach(GenerationStream::close);
  }
}
