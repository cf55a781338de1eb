package dev.tenon.backend.cpu;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepTicket;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A step on its way through the device's thread. */
final class CpuTicket implements StepTicket {
  /** Known once the forward half began; used on the device's thread only. */
  @Nullable CpuStep step;

  private final long id;
  private final CountDownLatch done = new CountDownLatch(1);
  private volatile @Nullable StepOutput output;
  private volatile @Nullable TenonException fault;

  CpuTicket(long id) {
    this.id = id;
  }

  /** Runs a half of the step unless the other failed. */
  void attempt(String half, Runnable body) {
    if (fault != null) {
      return;
    }
    try {
      body.run();
    } catch (Throwable t) {
      fault =
          new TenonException(ErrorCode.DEVICE_FAULT, half + " of step " + id + " failed: " + t, t);
      done.countDown();
    }
  }

  void complete(StepOutput result) {
    output = result;
    done.countDown();
  }

  @Override
  public boolean isDone() {
    return done.getCount() == 0;
  }

  @Override
  public StepOutput await() throws InterruptedException {
    done.await();
    TenonException failed = fault;
    StepOutput result = output;
    if (failed != null || result == null) {
      throw failed != null ? failed : new TenonException(ErrorCode.INTERNAL, "no output");
    }
    return result;
  }
}
