package dev.tenon.engine.tck.fake;

import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import dev.tenon.spi.backend.TokenMasks;
import org.jspecify.annotations.Nullable;

/** A step of a fake backend: runs when it is launched, answers when it may. */
final class FakeCapturedStep implements CapturedStep {
  private final FakeBackend backend;
  private final StepShape shape;
  private final FakeDevice.Drafting drafting;
  private boolean closed;

  FakeCapturedStep(FakeBackend backend, StepShape shape, FakeDevice.Drafting drafting) {
    this.backend = backend;
    this.shape = shape;
    this.drafting = drafting;
  }

  @Override
  public StepShape shape() {
    return shape;
  }

  @Override
  public void launchForward(StepBatch batch) {
    FakeRules.require(!closed, () -> "launch of a closed step");
    backend.launchForward(batch, shape, drafting);
  }

  @Override
  public StepTicket launchSample(@Nullable TokenMasks masks) {
    FakeRules.require(!closed, () -> "launch of a closed step");
    return backend.launchSample();
  }

  @Override
  public void close() {
    closed = true;
  }
}
