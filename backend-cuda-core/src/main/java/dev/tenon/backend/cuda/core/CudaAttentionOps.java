package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;
import dev.tenon.backend.cuda.core.step.StepState;
import dev.tenon.spi.backend.AttentionOps;
import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.StateView;
import java.util.function.Supplier;

/** Attention over paged keys and values. */
final class CudaAttentionOps implements AttentionOps {
  private final StepContext context;
  private final BlockInput input;
  private final Supplier<StepState> tables;

  CudaAttentionOps(StepContext context, BlockInput input, Supplier<StepState> tables) {
    this.context = context;
    this.input = input;
    this.tables = tables;
  }

  @Override
  public void attend(
      Rows rows, Residual residual, Packed.Attention packed, StateView.KvCache cache) {
    DeviceRows at = CudaRows.of(rows);
    CudaResidual stream = CudaResidual.of(residual);
    CudaPacked.Attention block = (CudaPacked.Attention) packed;
    AttentionWeights sizes = block.sizes();
    CudaStates.Kv kv = (CudaStates.Kv) cache;
    int projectedWidth = block.input().outputs();
    int width = sizes.heads() * sizes.headDim();
    int gated = sizes.gate() == AttentionWeights.OutputGate.SIGMOID ? 1 : 0;
    long normed = input.normalised(at, stream, block.inputNorm());
    long projected = context.takeRows(at.maxRows(), projectedWidth);
    context.product(
        at,
        StepContext.Count.ROWS,
        block.input(),
        normed,
        stream.hidden,
        block.inputBias(),
        DeviceType.BF16,
        projected,
        projectedWidth);
    context.release(normed);
    // what one operation clears and the next counts in lives until both are issued
    long counterBytes =
        context.device().workspace(preparation(at, block, kv, gated, projected).with(0, 0));
    long counters = context.take(counterBytes);
    context.launch(preparation(at, block, kv, gated, projected).with(counters, counterBytes));
    long attended = context.takeRows(at.maxRows(), width);
    context.launchWithSpace(
        Operation.ATTENTION,
        words ->
            words
                .with(at)
                .with(sizes.heads(), sizes.kvHeads(), sizes.headDim(), gated)
                .withReal(sizes.scale())
                .with(projected, projectedWidth)
                .with(kv.keys(), kv.values(), kv.pageSize())
                .with(tables.get().pageTables(), tables.get().tableWidth(), kv.type().code)
                .with(counters, attended),
        words -> {});
    context.release(projected, counters);
    input.leaveProduct(at, stream, block.output(), attended, block.outputBias());
    context.release(attended);
  }

  private Words preparation(
      DeviceRows at, CudaPacked.Attention block, CudaStates.Kv kv, int gated, long projected) {
    AttentionWeights sizes = block.sizes();
    return new Words(Operation.ATTENTION_PREPARE)
        .with(at)
        .with(sizes.heads(), sizes.kvHeads(), sizes.headDim(), gated)
        .with(projected, block.input().outputs(), block.queryNorm(), block.keyNorm())
        .withReal(block.normEpsilon())
        .with(block.frequencies(), block.rotaryPairs())
        .withReal(block.magnitude())
        .with(kv.keys(), kv.values(), kv.pageSize())
        .with(tables.get().pageTables(), tables.get().tableWidth(), kv.type().code);
  }
}
