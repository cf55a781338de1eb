package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.RecurrentOps;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.StateView;

/** Gated delta nets. */
final class CudaRecurrentOps implements RecurrentOps {
  private final StepContext context;
  private final BlockInput input;

  CudaRecurrentOps(StepContext context, BlockInput input) {
    this.context = context;
    this.input = input;
  }

  @Override
  public void deltaNet(
      Rows rows, Residual residual, Packed.DeltaNet packed, StateView.RecurrentCache cache) {
    DeviceRows at = CudaRows.of(rows);
    CudaResidual stream = CudaResidual.of(residual);
    CudaPacked.DeltaNet block = (CudaPacked.DeltaNet) packed;
    CudaStates.Recurrent pool = (CudaStates.Recurrent) cache;
    DeltaNetWeights sizes = block.sizes();
    int projectedWidth = block.projection().outputs();
    int gatesWidth = block.gates().outputs();
    int width = sizes.valueHeads() * sizes.valueDim();
    long normed = input.normalised(at, stream, block.inputNorm());
    long projected = context.takeRows(at.maxRows(), projectedWidth);
    long gates = context.take(at.maxRows() * gatesWidth * DeviceType.F32.bytes);
    context.product(
        at,
        StepContext.Count.ROWS,
        block.projection(),
        normed,
        stream.hidden,
        0,
        DeviceType.BF16,
        projected,
        projectedWidth);
    context.product(
        at,
        StepContext.Count.ROWS,
        block.gates(),
        normed,
        stream.hidden,
        0,
        DeviceType.F32,
        gates,
        gatesWidth);
    context.release(normed);
    long mixed = context.takeRows(at.maxRows(), width);
    int activation =
        switch (sizes.gateActivation()) {
          case SILU -> 0;
          case SIGMOID -> 1;
        };
    context.launchWithSpace(
        Operation.DELTA_NET,
        words ->
            words
                .with(at)
                .with(sizes.keyHeads(), sizes.valueHeads(), sizes.keyDim(), sizes.valueDim())
                .with(sizes.convWidth(), pool.maxPending())
                .with(projected, projectedWidth, gates, gatesWidth)
                .with(block.convolution(), block.decayLog(), block.timeBias())
                .with(block.outputNorm().scale())
                .withReal(block.outputNorm().epsilon())
                .with(activation, pool.window(), pool.pendingInputs(), pool.pendingGates())
                .with(pool.stateType().code, pool.state(), mixed),
        words -> words.with(1)); // states and rows are settled since the embedding began
    context.release(projected, gates);
    input.leaveProduct(at, stream, block.output(), mixed, 0);
    context.release(mixed);
  }
}
