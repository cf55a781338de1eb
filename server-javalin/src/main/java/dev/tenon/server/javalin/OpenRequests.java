package dev.tenon.server.javalin;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The requests that are being answered, so that a server that ends can wait for or cancel them. */
final class OpenRequests {
  private static final long LOOK_MILLIS = 5;

  private final Set<EventFeed> feeds = ConcurrentHashMap.newKeySet();

  void add(EventFeed feed) {
    feeds.add(feed);
  }

  void remove(EventFeed feed) {
    feeds.remove(feed);
  }

  void cancelAll() {
    feeds.forEach(EventFeed::close);
  }

  /** Waits until every answer was sent. */
  void await(Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (!feeds.isEmpty() && System.nanoTime() < end) {
      Thread.sleep(LOOK_MILLIS);
    }
  }
}
