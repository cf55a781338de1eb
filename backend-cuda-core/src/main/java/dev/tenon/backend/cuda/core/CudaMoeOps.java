package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;
import dev.tenon.spi.backend.MoeOps;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;

/** Mixtures of experts and dense MLPs. */
final class CudaMoeOps implements MoeOps {
  private final StepContext context;
  private final BlockInput input;

  CudaMoeOps(StepContext context, BlockInput input) {
    this.context = context;
    this.input = input;
  }

  @Override
  public void moe(Rows rows, Residual residual, Packed.Moe packed) {
    DeviceRows at = CudaRows.of(rows);
    CudaResidual stream = CudaResidual.of(residual);
    CudaPacked.Moe block = (CudaPacked.Moe) packed;
    MoeWeights sizes = block.sizes();
    long normed = input.normalised(at, stream, block.inputNorm());
    long output = context.takeRows(at.maxRows(), stream.hidden);
    int normalised =
        switch (sizes.weighting()) {
          case NORMALISED -> 1;
          case RAW -> 0;
        };
    context.launchWithSpace(
        Operation.MOE,
        words ->
            words
                .with(at.maxRows(), at.counts(), stream.hidden, block.gateUp().inner())
                .with(sizes.experts(), sizes.expertsPerToken(), sizes.firstExpert())
                .with(block.held(), normalised, block.gateUp().type().code)
                .with(block.router().data())
                .with(block.gateUp().data(), block.gateUp().scales())
                .with(block.down().data(), block.down().scales())
                .with(block.sharedGateUp().type().code, block.sharedGateUp().inner())
                .with(block.sharedGateUp().data(), block.sharedGateUp().scales())
                .with(block.sharedDown().data(), block.sharedDown().scales())
                .with(normed, output),
        words -> words.with(0, 0));
    context.release(normed);
    stream.leave(output);
  }

  @Override
  public void mlp(Rows rows, Residual residual, Packed.Mlp packed) {
    DeviceRows at = CudaRows.of(rows);
    CudaResidual stream = CudaResidual.of(residual);
    CudaPacked.Mlp block = (CudaPacked.Mlp) packed;
    long normed = input.normalised(at, stream, block.inputNorm());
    int inner = block.inner();
    long both = context.takeRows(at.maxRows(), 2 * inner);
    context.product(
        at,
        StepContext.Count.ROWS,
        block.gateUp(),
        normed,
        stream.hidden,
        0,
        DeviceType.BF16,
        both,
        2 * inner);
    context.release(normed);
    long product = context.takeRows(at.maxRows(), inner);
    context.launch(
        new Words(Operation.SILU_PRODUCT).with(at.maxRows(), at.counts(), inner, both, product));
    context.release(both);
    long output = context.takeRows(at.maxRows(), stream.hidden);
    context.product(
        at,
        StepContext.Count.ROWS,
        block.down(),
        product,
        inner,
        0,
        DeviceType.BF16,
        output,
        stream.hidden);
    context.release(product);
    stream.leave(output);
  }
}
