package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.NormWeights;

/** What every block begins with: reduce and add the output of the block before, and normalise. */
final class BlockInput {
  private final Kernels kernels;
  private final CpuCollectives collectives;
  private final Buffers buffers;

  BlockInput(Kernels kernels, CpuCollectives collectives, Buffers buffers) {
    this.kernels = kernels;
    this.collectives = collectives;
    this.buffers = buffers;
  }

  /** The block's normalised input {@code [rows][width]}, to be released by the block. */
  float[] normalised(CpuResidual residual, NormWeights norm) {
    float[] pending = residual.pending;
    int length = residual.rows * residual.width;
    if (pending != null) {
      collectives.reduce(pending, length);
      kernels.add(residual.sum, pending, length);
      buffers.release(pending);
      residual.pending = null;
    }
    float[] input = buffers.take(length);
    kernels.normalise(residual.sum, 0, residual.rows, norm, input, 0);
    return input;
  }
}
