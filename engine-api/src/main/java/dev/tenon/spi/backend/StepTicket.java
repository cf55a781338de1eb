package dev.tenon.spi.backend;

/** A launched step. */
public interface StepTicket {
  /** Whether {@link #await} would return at once. */
  boolean isDone();

  /**
   * Waits for the step's end. The only call that waits for the device.
   *
   * @throws dev.tenon.api.TenonException {@code DEVICE_FAULT} naming operation and step; the
   *     backend is unusable from then on
   */
  StepOutput await() throws InterruptedException;
}
