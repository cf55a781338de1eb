package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.SamplingOps;
import dev.tenon.spi.backend.Step;

/** Sampling, acceptance and drafts. */
final class CudaSamplingOps implements SamplingOps {
  @Override
  public void sample(Step step, Logits logits) {
    ((CudaStep) step).sample((CudaLogits) logits);
  }

  @Override
  public void draft(Step step, Logits logits, int pass) {
    ((CudaStep) step).draft((CudaLogits) logits, pass);
  }
}
