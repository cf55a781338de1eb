package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepTicket;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A step on its way: done when the device has passed its event. */
final class CudaTicket implements StepTicket {
  /** Steps of few sequences take milliseconds; so long they are waited for without sleeping. */
  private static final long SPIN_NANOS = 200_000;

  private static final long SLEEP_NANOS = 50_000;

  /** Failures of the group that the device does not show are looked for so often. */
  private static final long CHECK_NANOS = 100_000_000;

  /** No step takes a tenth of it; a kernel that never ends must not hang the engine. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final CudaDevice device;
  private final Duration patience;
  private final long event;
  private final @Nullable NcclGroup group;
  private final String name;
  private final Supplier<StepOutput> result;
  private @Nullable StepOutput output;

  /**
   * A launched step.
   *
   * @param event recorded after its results were copied to the host
   * @param name the step, for messages
   * @param group that the step exchanges sums with, {@code null} for none
   * @param result reads them; called once
   */
  CudaTicket(
      CudaDevice device,
      long event,
      String name,
      @Nullable NcclGroup group,
      Supplier<StepOutput> result) {
    this(device, event, name, group, result, PATIENCE);
  }

  CudaTicket(
      CudaDevice device,
      long event,
      String name,
      @Nullable NcclGroup group,
      Supplier<StepOutput> result,
      Duration patience) {
    this.device = device;
    this.patience = patience;
    this.event = event;
    this.name = name;
    this.group = group;
    this.result = result;
  }

  @Override
  public boolean isDone() {
    return output != null || passed();
  }

  @Override
  public StepOutput await() throws InterruptedException {
    StepOutput known = output;
    if (known != null) {
      return known;
    }
    long begin = System.nanoTime();
    long check = begin + CHECK_NANOS;
    while (!passed()) {
      if (Thread.interrupted()) {
        throw new InterruptedException("while a step was waited for");
      }
      if (System.nanoTime() - begin < SPIN_NANOS) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(SLEEP_NANOS);
        if (System.nanoTime() > check) {
          if (group != null) {
            group.requireHealthy();
          }
          requireProgress(begin);
          check = System.nanoTime() + CHECK_NANOS;
        }
      }
    }
    known = result.get();
    output = known;
    return known;
  }

  private void requireProgress(long begin) {
    if (System.nanoTime() - begin > patience.toNanos()) {
      throw new TenonException(
          ErrorCode.DEVICE_FAULT,
          name
              + " has not ended on the card after "
              + patience
              + ": a kernel hangs, or another program keeps the card");
    }
  }

  private boolean passed() {
    try {
      return NativeCuda.queryEvent(device.context(), event);
    } catch (TenonException e) {
      throw new TenonException(
          e.code(),
          name
              + " failed on the card: "
              + e.getMessage()
              + "; --backend-options '{\"execution\":\"checked\"}' names the operation",
          e);
    }
  }
}
