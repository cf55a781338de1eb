package dev.tenon.spi.backend;

import org.jspecify.annotations.Nullable;

/**
 * A step that was recorded once and is replayed with ever new batches. Launches return at once;
 * steps of a backend run in the order of their launches. A step is launched as a whole, or its
 * forward and its sampling in a pair, by one thread.
 */
public interface CapturedStep extends AutoCloseable {
  /** The bounds that it was recorded for. */
  StepShape shape();

  /**
   * Launches pass, sampling and drafting of a batch that no masks restrict. The batch is taken over
   * before this returns.
   */
  default StepTicket launch(StepBatch batch) {
    launchForward(batch);
    return launchSample(null);
  }

  /**
   * Launches the pass up to the logits, so that masks can be made meanwhile. The batch is taken
   * over before this returns.
   */
  void launchForward(StepBatch batch);

  /**
   * Launches sampling and drafting of the batch launched last.
   *
   * @param masks ids allowed per logit row, or {@code null} for no restriction
   */
  StepTicket launchSample(@Nullable TokenMasks masks);

  /** Frees the recording; the backend must be idle. Closing twice is harmless. */
  @Override
  void close();
}
