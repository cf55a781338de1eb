package dev.tenon.engine.runtime.ranks;

import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.util.function.Consumer;

/**
 * The ranks of a group that are other processes, as the first rank sees them. They do what it does:
 * open a device, pack weights, allocate pools, record steps, and run the same batches. Nothing
 * comes back from them but that they are ready, or what went wrong.
 *
 * <p>Used by one thread at a time, except {@link #abandon} and {@link #close}.
 */
public interface Followers extends AutoCloseable {
  /** Work that may be interrupted. */
  @FunctionalInterface
  interface Work<T> {
    /** Does it. */
    T run() throws InterruptedException;
  }

  /**
   * Does work that may wait for the other ranks. It is interrupted when one of them is lost, whose
   * reason is thrown then.
   */
  <T> T guard(Work<T> work) throws InterruptedException;

  /** Least bytes that a device has left, once all have opened theirs. */
  long availableMemory() throws InterruptedException;

  /** Tells them the memory plan: they pack their weights and allocate. */
  void allocate(int maxLength, int pageSize, int pages, StepShape limits);

  /** Waits until all have allocated. */
  void awaitAllocated() throws InterruptedException;

  /** Tells them to record their steps. */
  void capture();

  /** Waits until all have recorded. */
  void awaitCaptured() throws InterruptedException;

  /**
   * Hands a batch to all.
   *
   * @throws TenonException the reason, if one of them is lost
   */
  void launch(StepBatch batch);

  /** Whom to tell of a loss, from another thread; told at once if there was one already. */
  void onLoss(Consumer<TenonException> listener);

  /** Ends their processes without waiting for anything. */
  void abandon();

  /** Asks them to close what they opened; does not wait. */
  void end();

  /** Ends them, and waits until no process is left. Closing twice is harmless. */
  @Override
  void close();

  /** There are none. */
  static Followers none() {
    return NoFollowers.NONE;
  }
}
