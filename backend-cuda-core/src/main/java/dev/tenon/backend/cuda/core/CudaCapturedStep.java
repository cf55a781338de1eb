package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.LaunchedStep;
import dev.tenon.backend.cuda.core.step.StepState;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import dev.tenon.spi.backend.TokenMasks;
import org.jspecify.annotations.Nullable;

/** A step of one shape, ready to be launched. */
final class CudaCapturedStep implements CapturedStep {
  private final CudaDevice device;
  private final StepState state;
  private final EventPool events;
  private final @Nullable NcclGroup group;
  private final StepShape shape;
  private final CudaStep step;
  private final StepLauncher launcher;
  private @Nullable LaunchedStep launched;
  private boolean closed;

  private CudaCapturedStep(
      CudaDevice device,
      StepState state,
      EventPool events,
      @Nullable NcclGroup group,
      StepShape shape,
      CudaStep step,
      StepLauncher launcher) {
    this.device = device;
    this.state = state;
    this.events = events;
    this.group = group;
    this.shape = shape;
    this.step = step;
    this.launcher = launcher;
  }

  /** Measures the step's work space, then records it or prepares to issue it. */
  static CudaCapturedStep of(
      StepContext context,
      StepSpace space,
      StepState state,
      EventPool events,
      @Nullable NcclGroup group,
      StateView pools,
      StepShape shape,
      CudaOptions.Execution execution,
      StepBodies bodies) {
    CudaStep step = new CudaStep(context, state, pools, shape);
    WorkMemory work = space.of(StepMeasure.of(context, step, bodies).workBytes());
    StepLauncher launcher =
        switch (execution) {
          case CAPTURED -> new RecordedStep(context, work, step, bodies);
          case EAGER -> eager(context, work, step, bodies);
          case TIMED -> StepLauncher.timed(eager(context, work, step, bodies), context, shape);
          case CHECKED -> StepLauncher.checked(eager(context, work, step, bodies), context);
        };
    return new CudaCapturedStep(context.device(), state, events, group, shape, step, launcher);
  }

  /** Issues once into a measure of the real addresses, so that the logits' is known. */
  private static StepLauncher eager(
      StepContext context, WorkMemory work, CudaStep step, StepBodies bodies) {
    context.measure(work, () -> bodies.issueForward(step));
    context.measure(work, () -> bodies.issueSample(step));
    return StepLauncher.eager(context, work, step, bodies);
  }

  @Override
  public StepShape shape() {
    return shape;
  }

  @Override
  public StepTicket launch(StepBatch batch) {
    LaunchedStep going = upload(batch);
    if (state.somethingBetween(going, null)) {
      launcher.forward();
      return sample(going, null);
    }
    launcher.whole();
    return launched(going);
  }

  @Override
  public void launchForward(StepBatch batch) {
    launched = upload(batch);
    launcher.forward();
  }

  private LaunchedStep upload(StepBatch batch) {
    if (launched != null) {
      throw new IllegalStateException("the batch before was not sampled");
    }
    return state.upload(batch, shape);
  }

  @Override
  public StepTicket launchSample(@Nullable TokenMasks masks) {
    LaunchedStep going = launched;
    if (going == null) {
      throw new IllegalStateException("no batch was launched");
    }
    launched = null;
    return sample(going, masks);
  }

  private StepTicket sample(LaunchedStep going, @Nullable TokenMasks masks) {
    CudaLogits logits = step.logits();
    state.beforeSample(going, masks, logits.address(), logits.vocabulary());
    launcher.sample();
    return launched(going);
  }

  /** What is left to do on the host once a whole step is on the stream. */
  private StepTicket launched(LaunchedStep going) {
    state.afterSample(going);
    long event = events.take();
    NativeCuda.recordEvent(device.context(), event, device.stream());
    return new CudaTicket(
        device,
        event,
        "step %d of %d sequences".formatted(going.id(), going.sequences()),
        group,
        () -> {
          events.give(event);
          return state.read(going);
        });
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      launcher.close();
    }
  }
}
