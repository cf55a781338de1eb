package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.StepState;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.backend.StepShape;
import org.jspecify.annotations.Nullable;

/** The step whose operations are issued; what its rows hold is known on the device only. */
final class CudaStep implements Step {
  private final StepContext context;
  private final StepState state;
  private final StateView pools;
  private final StepShape shape;
  private @Nullable CudaLogits logits;

  CudaStep(StepContext context, StepState state, StateView pools, StepShape shape) {
    this.context = context;
    this.state = state;
    this.pools = pools;
    this.shape = shape;
  }

  @Override
  public StateView states() {
    return pools;
  }

  @Override
  public Rows targetRows() {
    return new CudaRows(state.targetRows(shape));
  }

  @Override
  public Rows draftRows(int pass) {
    return new CudaRows(state.draftRows(shape, pass));
  }

  @Override
  public int draftTokens() {
    return shape.draftTokens();
  }

  /** The first operation of a step. */
  void takeOver() {
    context.launchRaw(Operation.TAKE_OVER, state.takeOver(shape));
  }

  void sample(CudaLogits of) {
    logits = of;
    context.launchRaw(Operation.SAMPLE, state.sample(shape, of.address(), of.vocabulary()));
  }

  void draft(CudaLogits of, int pass) {
    context.launchRaw(Operation.DRAFT, state.draft(shape, pass, of.address(), of.vocabulary()));
  }

  /** The logits that are sampled; known once the sample body was issued. */
  CudaLogits logits() {
    CudaLogits known = logits;
    if (known == null) {
      throw new IllegalStateException("the step's body sampled nothing");
    }
    return known;
  }
}
