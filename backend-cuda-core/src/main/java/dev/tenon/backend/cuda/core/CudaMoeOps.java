package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;
import dev.tenon.backend.cuda.core.tuning.MoeTile;
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
    long normed = input.normalised(at, stream, block.inputNorm());
    long output = context.takeRows(at.maxRows(), stream.hidden);
    long tuned = tuned(block, at);
    input.leave(
        at,
        stream,
        output,
        Operation.MOE,
        words -> addParameters(words, block, at.maxRows(), at.counts(), normed, output),
        words -> words.with(0, context.quantised(), tuned));
    context.release(normed);
  }

  /** Adds the parameters up to and without the work space. */
  static void addParameters(
      Words words, CudaPacked.Moe block, long maxRows, long counts, long x, long output) {
    MoeWeights sizes = block.sizes();
    int normalised =
        switch (sizes.weighting()) {
          case NORMALISED -> 1;
          case RAW -> 0;
        };
    words
        .with(maxRows, counts, block.router().inputs(), block.gateUp().inner())
        .with(sizes.experts(), sizes.expertsPerToken(), sizes.firstExpert())
        .with(block.held(), normalised, block.gateUp().type().code)
        .with(block.router().data())
        .with(block.gateUp().data(), block.gateUp().scales())
        .with(block.down().data(), block.down().scales())
        .with(block.sharedGateUp().type().code, block.sharedGateUp().inner())
        .with(block.sharedGateUp().data(), block.sharedGateUp().scales())
        .with(block.sharedDown().data(), block.sharedDown().scales())
        .with(x, output);
  }

  /**
   * The parameters measured at the nearest number of rows with which so many rows are possible, or
   * 0 for the kernels' own choice.
   */
  private long tuned(CudaPacked.Moe block, DeviceRows at) {
    for (MoeTile tile : block.tuned().nearest(at.maxRows())) {
      Words question = new Words(Operation.MOE);
      addParameters(question, block, at.maxRows(), at.counts(), 0, 0);
      if (context.device().workspace(question.with(0, 0, 0, context.quantised(), tile.word(), 0))
          > 0) {
        return tile.word();
      }
    }
    return 0;
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
    input.leaveProduct(at, stream, block.down(), product, 0);
    context.release(product);
  }
}
