package dev.tenon.api;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The events of one request. Read by one thread at a time; may be closed from any thread. Closing
 * before the end cancels the request: its memory returns after the step that runs, at the latest.
 */
public interface GenerationStream extends AutoCloseable {
  /** The request's id. */
  String requestId();

  /**
   * Waits for the next event.
   *
   * @return {@code null} after the last {@link GenerationEvent.Finished}, and after closing
   * @throws TenonException if the engine failed or was closed meanwhile
   */
  @Nullable GenerationEvent next() throws InterruptedException;

  /**
   * Waits until {@link #next()} would return without waiting.
   *
   * @return whether it would now
   */
  boolean await(Duration limit) throws InterruptedException;

  /** Reads to the end and returns the text of choice 0. */
  default String text() throws InterruptedException {
    StringBuilder text = new StringBuilder();
    for (GenerationEvent event = next(); event != null; event = next()) {
      if (event instanceof GenerationEvent.Delta delta && delta.choice() == 0) {
        text.append(delta.text());
      }
    }
    return text.toString();
  }

  /** Cancels what has not ended. Closing twice is harmless. */
  @Override
  void close();
}
