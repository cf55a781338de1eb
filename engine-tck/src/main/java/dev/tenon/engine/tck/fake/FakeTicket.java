package dev.tenon.engine.tck.fake;

import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepTicket;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A step whose outcome is known, but perhaps held back. */
final class FakeTicket implements StepTicket {
  private final StepOutput output;
  private final FakeDevice device;
  private final @Nullable TenonException fault;
  private final CountDownLatch released = new CountDownLatch(1);

  FakeTicket(StepOutput output, FakeDevice device, @Nullable TenonException fault) {
    this.output = output;
    this.device = device;
    this.fault = fault;
  }

  void release() {
    released.countDown();
  }

  @Override
  public boolean isDone() {
    return released.getCount() == 0;
  }

  @Override
  public StepOutput await() throws InterruptedException {
    released.await();
    if (fault != null) {
      throw fault;
    }
    device.awaited(output.id());
    return output;
  }
}
