package dev.tenon.backend.cuda.core;

/**
 * A step as graphs. It is recorded as a whole, which a launch of one graph then is. The halves are
 * recorded when they are first asked for: by steps with masks, or whose logits somebody reads.
 */
final class RecordedStep implements StepLauncher {
  private static final long NONE = 0;

  private final StepContext context;
  private final WorkMemory work;
  private final CudaStep step;
  private final StepBodies bodies;
  private final long whole;
  private long forward = NONE;
  private long sample = NONE;

  RecordedStep(StepContext context, WorkMemory work, CudaStep step, StepBodies bodies) {
    this.context = context;
    this.work = work;
    this.step = step;
    this.bodies = bodies;
    work.reset();
    whole =
        record(() -> {
          bodies.issueForward(step);
          bodies.issueSample(step);
        });
  }

  @Override
  public void whole() {
    launch(whole);
  }

  @Override
  public void forward() {
    if (forward == NONE) {
      recordHalves();
    }
    launch(forward);
  }

  @Override
  public void sample() {
    launch(sample);
  }

  private void recordHalves() {
    work.reset();
    long first = record(() -> bodies.issueForward(step));
    try {
      sample = record(() -> bodies.issueSample(step));
    } catch (RuntimeException | Error e) {
      destroy(first);
      throw e;
    }
    forward = first;
  }

  private long record(Runnable body) {
    CudaDevice device = context.device();
    NativeCuda.beginCapture(device.context(), device.stream());
    try {
      context.issue(work, body);
      return NativeCuda.endCapture(device.context(), device.stream());
    } catch (RuntimeException | Error e) {
      NativeCuda.abandonCapture(device.context(), device.stream());
      throw e;
    }
  }

  private void launch(long graph) {
    CudaDevice device = context.device();
    NativeCuda.launchGraph(device.context(), graph, device.stream());
  }

  private void destroy(long graph) {
    if (graph != NONE) {
      NativeCuda.destroyGraph(context.device().context(), graph);
    }
  }

  @Override
  public void close() {
    destroy(whole);
    destroy(forward);
    destroy(sample);
  }
}
