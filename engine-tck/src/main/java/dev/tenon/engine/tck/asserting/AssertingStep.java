package dev.tenon.engine.tck.asserting;

import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import dev.tenon.spi.backend.TokenMasks;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A step whose batches and outcomes are checked. */
final class AssertingStep implements CapturedStep {
  private final CapturedStep wrapped;
  private final StepShape captured;
  private final ProtocolShadow shadow;
  private final BooleanSupplier backendClosed;
  private @Nullable StepBatch forwarded;
  private @Nullable Thread launcher;
  private boolean closed;

  AssertingStep(
      CapturedStep wrapped,
      StepShape captured,
      ProtocolShadow shadow,
      BooleanSupplier backendClosed) {
    this.wrapped = wrapped;
    this.captured = captured;
    this.shadow = shadow;
    this.backendClosed = backendClosed;
    if (!wrapped.shape().equals(captured)) {
      throw new AssertionError(captured + " was captured as " + wrapped.shape());
    }
  }

  @Override
  public StepShape shape() {
    return wrapped.shape();
  }

  @Override
  public StepTicket launch(StepBatch batch) {
    requireReady(batch);
    return new CheckedTicket(wrapped.launch(batch), batch);
  }

  @Override
  public void launchForward(StepBatch batch) {
    requireReady(batch);
    forwarded = batch;
    wrapped.launchForward(batch);
  }

  private void requireReady(StepBatch batch) {
    requireUsable();
    if (forwarded != null) {
      throw new AssertionError("forward twice without sampling");
    }
    shadow.launch(batch, captured);
  }

  @Override
  public StepTicket launchSample(@Nullable TokenMasks masks) {
    requireUsable();
    StepBatch batch = forwarded;
    if (batch == null) {
      throw new AssertionError("sampling without forward");
    }
    forwarded = null;
    return new CheckedTicket(wrapped.launchSample(masks), batch);
  }

  @Override
  public void close() {
    closed = true;
    wrapped.close();
    wrapped.close();
  }

  private void requireUsable() {
    if (closed || backendClosed.getAsBoolean()) {
      throw new AssertionError("launch after closing");
    }
    Thread current = Thread.currentThread();
    if (launcher != null && launcher != current) {
      throw new AssertionError("launches from " + launcher + " and " + current);
    }
    launcher = current;
  }

  private final class CheckedTicket implements StepTicket {
    private final StepTicket ticket;
    private final StepBatch batch;
    private boolean checked;

    CheckedTicket(StepTicket ticket, StepBatch batch) {
      this.ticket = ticket;
      this.batch = batch;
    }

    @Override
    public boolean isDone() {
      return ticket.isDone();
    }

    @Override
    public StepOutput await() throws InterruptedException {
      StepOutput output = ticket.await();
      if (!checked) {
        checked = true;
        shadow.outcome(batch, captured, output);
      }
      return output;
    }
  }
}
