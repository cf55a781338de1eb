package dev.tenon.engine.runtime.opening;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was opened so far; closed in reverse order, all of it, once. */
final class Resources implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Resources.class);

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  synchronized <T extends AutoCloseable> T add(T resource) {
    opened.push(resource);
    return resource;
  }

  /** Adds what the others stand on: it is closed after all that was added so far. */
  synchronized <T extends AutoCloseable> T addUnderneath(T resource) {
    opened.addLast(resource);
    return resource;
  }

  @Override
  public synchronized void run() {
    while (!opened.isEmpty()) {
      AutoCloseable resource = opened.pop();
      try {
        resource.close();
      } catch (Exception | LinkageError e) {
        // the others must be closed all the same
        LOG.error("closing {} failed", resource.getClass().getName(), e);
      }
    }
  }
}
