package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.AttentionOps;
import dev.tenon.spi.backend.LinearOps;
import dev.tenon.spi.backend.MoeOps;
import dev.tenon.spi.backend.NormOps;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.RecurrentOps;
import dev.tenon.spi.backend.SamplingOps;

/** The operations of one rank. */
final class CpuOps implements Ops {
  private final CpuLinearOps linear;
  private final CpuNormOps norms;
  private final CpuAttentionOps attention;
  private final CpuRecurrentOps recurrent;
  private final CpuMoeOps moe;
  private final CpuSamplingOps sampling;

  CpuOps(Kernels kernels, CpuCollectives collectives, Buffers buffers) {
    BlockInput input = new BlockInput(kernels, collectives, buffers);
    linear = new CpuLinearOps(kernels, collectives, buffers);
    norms = new CpuNormOps(input);
    attention = new CpuAttentionOps(kernels, buffers, input);
    recurrent = new CpuRecurrentOps(kernels, buffers, input);
    moe = new CpuMoeOps(kernels, buffers, input);
    sampling = new CpuSamplingOps(kernels);
  }

  @Override
  public LinearOps linear() {
    return linear;
  }

  @Override
  public NormOps norms() {
    return norms;
  }

  @Override
  public AttentionOps attention() {
    return attention;
  }

  @Override
  public RecurrentOps recurrent() {
    return recurrent;
  }

  @Override
  public MoeOps moe() {
    return moe;
  }

  @Override
  public SamplingOps sampling() {
    return sampling;
  }
}
