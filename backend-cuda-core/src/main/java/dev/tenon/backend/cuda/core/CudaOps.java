package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.StepState;
import dev.tenon.spi.backend.AttentionOps;
import dev.tenon.spi.backend.LinearOps;
import dev.tenon.spi.backend.MoeOps;
import dev.tenon.spi.backend.NormOps;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.RecurrentOps;
import dev.tenon.spi.backend.SamplingOps;
import java.util.function.Supplier;

/** The operations of one card. */
record CudaOps(
    LinearOps linear,
    NormOps norms,
    AttentionOps attention,
    RecurrentOps recurrent,
    MoeOps moe,
    SamplingOps sampling)
    implements Ops {
  /**
   * Operations that issue into a context.
   *
   * @param tables where attention finds its page tables
   */
  static CudaOps of(StepContext context, CudaCollectives collectives, Supplier<StepState> tables) {
    BlockInput input = new BlockInput(context, collectives);
    CudaLinearOps linear = new CudaLinearOps(context, input, collectives);
    return new CudaOps(
        linear,
        linear,
        new CudaAttentionOps(context, input, tables),
        new CudaRecurrentOps(context, input),
        new CudaMoeOps(context, input),
        new CudaSamplingOps());
  }
}
