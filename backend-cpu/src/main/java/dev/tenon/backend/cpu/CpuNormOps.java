package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.NormOps;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;

/** Norms at the end of a residual stream. */
final class CpuNormOps implements NormOps {
  private final BlockInput input;

  CpuNormOps(BlockInput input) {
    this.input = input;
  }

  @Override
  public Activations finish(Rows rows, Residual residual, Packed.Norm norm) {
    CpuResidual stream = CpuResidual.of(residual);
    return new CpuActivations(
        input.normalised(stream, ((CpuWeights.Norm) norm).norm()), stream.rows, stream.width);
  }
}
