package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.Residual;
import org.jspecify.annotations.Nullable;

/** The residual stream: the sum so far, and the output of the block before, not yet added. */
final class CpuResidual implements Residual {
  final float[] sum;
  final int rows;
  final int width;
  float @Nullable [] pending;

  CpuResidual(float[] sum, int rows, int width) {
    this.sum = sum;
    this.rows = rows;
    this.width = width;
  }

  static CpuResidual of(Residual residual) {
    return (CpuResidual) residual;
  }
}
