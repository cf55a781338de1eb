package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.Residual;
import org.jspecify.annotations.Nullable;

/** The residual stream: a sum in f32 and the last block's output in bf16. */
final class CudaResidual implements Residual {
  final long sum;
  final int hidden;

  /** The output of the block before. */
  long pending;

  /** Whether {@link #sum} holds anything yet. */
  Sum state = Sum.EMPTY;

  /** Whether {@link #pending} is a partial sum of this rank. */
  Pending reduction;

  /** What leaves {@link #pending}, if its sums may still be unfinished. */
  StepContext.@Nullable Launched unfinished;

  enum Sum {
    EMPTY,
    STARTED
  }

  enum Pending {
    PARTIAL,
    WHOLE
  }

  CudaResidual(long sum, int hidden, long pending, Pending reduction) {
    this.sum = sum;
    this.hidden = hidden;
    this.pending = pending;
    this.reduction = reduction;
  }

  static CudaResidual of(Residual residual) {
    return (CudaResidual) residual;
  }

  /** Takes over a block's output. */
  void leave(long output) {
    pending = output;
    reduction = Pending.PARTIAL;
  }

  /** Takes over a block's output whose sums may be unfinished. */
  void leave(long output, StepContext.Launched launched) {
    leave(output);
    unfinished = launched;
  }
}
