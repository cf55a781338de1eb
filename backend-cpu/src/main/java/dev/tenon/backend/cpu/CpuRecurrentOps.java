package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.RecurrentOps;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.StateView;
import java.util.List;

/** Gated delta nets. */
final class CpuRecurrentOps implements RecurrentOps {
  private final Kernels kernels;
  private final Buffers buffers;
  private final BlockInput input;

  CpuRecurrentOps(Kernels kernels, Buffers buffers, BlockInput input) {
    this.kernels = kernels;
    this.buffers = buffers;
    this.input = input;
  }

  @Override
  public void deltaNet(
      Rows rows, Residual residual, Packed.DeltaNet packed, StateView.RecurrentCache cache) {
    CpuRows at = CpuRows.of(rows);
    CpuResidual stream = CpuResidual.of(residual);
    CpuWeights.DeltaNet block = (CpuWeights.DeltaNet) packed;
    DeltaNetWeights weights = block.weights();
    DeltaNetLayout layout = new DeltaNetLayout(weights);
    int count = at.count();
    float[] normed = input.normalised(stream, weights.inputNorm());
    float[] projected = buffers.take(count * layout.projectedWidth());
    float[] gates = buffers.take(count * layout.gatesWidth());
    kernels.products(
        List.of(
            Kernels.Product.of(weights.projection(), normed, count, projected),
            Kernels.Product.of(weights.gates(), normed, count, gates)));
    buffers.release(normed);
    float[] output = buffers.take(count * layout.valueWidth());
    for (int group = 0; group < at.groups(); group++) {
      if (at.active()[group] > 0) {
        new DeltaNetSequence(kernels, buffers, block, layout, (RecurrentPool) cache, at, group)
            .run(projected, gates, output);
      }
    }
    kernels.parallel(count, row -> finishRow(row, weights, layout, projected, output));
    float[] result = buffers.take(count * stream.width);
    kernels.products(List.of(Kernels.Product.of(weights.output(), output, count, result)));
    buffers.release(projected);
    buffers.release(gates);
    buffers.release(output);
    stream.pending = result;
  }

  private void finishRow(
      int row, DeltaNetWeights weights, DeltaNetLayout layout, float[] projected, float[] output) {
    int dim = weights.valueDim();
    int first = row * layout.valueWidth();
    kernels.normalise(output, first, weights.valueHeads(), weights.outputNorm(), output, first);
    for (int head = 0; head < weights.valueHeads(); head++) {
      kernels.gate(
          output,
          first + head * dim,
          projected,
          row * layout.projectedWidth() + layout.gateOffset(head),
          dim,
          weights.gateActivation());
    }
  }
}
