package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;

/** Where blocks meet: reduces, adds and normalises the output of the block before. */
final class BlockInput {
  private final StepContext context;
  private final CudaCollectives collectives;

  BlockInput(StepContext context, CudaCollectives collectives) {
    this.context = context;
    this.collectives = collectives;
  }

  /** Takes the pending output in; the result, bf16 {@code [rows, hidden]}, is the caller's. */
  long normalised(DeviceRows rows, CudaResidual residual, CudaPacked.NormScale norm) {
    long normed = context.takeRows(rows.maxRows(), residual.hidden);
    if (residual.reduction == CudaResidual.Pending.PARTIAL) {
      collectives.reduce(residual.pending, rows.maxRows() * residual.hidden);
    }
    addNorm(
        rows,
        residual.state == CudaResidual.Sum.EMPTY,
        residual.sum,
        residual.pending,
        norm,
        normed,
        residual.hidden);
    residual.state = CudaResidual.Sum.STARTED;
    context.release(residual.pending);
    residual.pending = 0;
    return normed;
  }

  void addNorm(
      DeviceRows rows,
      boolean start,
      long sum,
      long pending,
      CudaPacked.NormScale norm,
      long normed,
      int normedStride) {
    context.launch(
        new Words(Operation.ADD_NORM)
            .with(
                rows.maxRows(),
                rows.counts(),
                norm.width(),
                start ? 1 : 0,
                sum,
                pending,
                norm.scale())
            .withReal(norm.epsilon())
            .with(normed, normedStride));
  }
}
