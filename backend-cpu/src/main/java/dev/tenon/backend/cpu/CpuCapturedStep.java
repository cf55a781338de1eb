package dev.tenon.backend.cpu;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepBody;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import dev.tenon.spi.backend.TokenMasks;
import org.jspecify.annotations.Nullable;

/** Nothing is recorded on a CPU: the bodies run anew for each batch, on the device's thread. */
final class CpuCapturedStep implements CapturedStep {
  private final StepShape shape;
  private final CpuState state;
  private final StepBody forward;
  private final StepBody sample;
  private final DeviceThread device;
  private final Buffers buffers;
  private @Nullable CpuTicket launched;

  CpuCapturedStep(
      StepShape shape,
      CpuState state,
      StepBody forward,
      StepBody sample,
      DeviceThread device,
      Buffers buffers) {
    this.shape = shape;
    this.state = state;
    this.forward = forward;
    this.sample = sample;
    this.device = device;
    this.buffers = buffers;
  }

  @Override
  public StepShape shape() {
    return shape;
  }

  @Override
  public void launchForward(StepBatch batch) {
    if (launched != null) {
      throw new IllegalStateException("the batch before was not sampled");
    }
    CpuTicket ticket = new CpuTicket(batch.id());
    launched = ticket;
    device.launch(() ->
        ticket.attempt(
            "forward",
            () -> {
              CpuStep step = new CpuStep(batch, state, shape.draftTokens());
              ticket.step = step;
              forward.issue(step);
            }));
  }

  @Override
  public StepTicket launchSample(@Nullable TokenMasks masks) {
    CpuTicket ticket = launched;
    if (ticket == null) {
      throw new IllegalStateException("no batch was launched");
    }
    launched = null;
    device.launch(() -> {
      ticket.attempt(
          "sample",
          () -> {
            CpuStep step = ticket.step;
            if (step == null) {
              throw new TenonException(ErrorCode.INTERNAL, "the step has no forward pass");
            }
            step.masks = masks;
            sample.issue(step);
            ticket.complete(step.output());
          });
      buffers.reset();
    });
    return ticket;
  }

  @Override
  public void close() {
    // nothing was recorded
  }
}
