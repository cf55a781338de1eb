package dev.tenon.engine.tck.fake;

import dev.tenon.spi.backend.AttentionOps;
import dev.tenon.spi.backend.LinearOps;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.MoeOps;
import dev.tenon.spi.backend.NormOps;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.RecurrentOps;
import dev.tenon.spi.backend.SamplingOps;
import dev.tenon.spi.backend.Step;

/** Sampling operations that note that they were issued; a fake backend has no others. */
final class FakeOps implements Ops, SamplingOps {
  private int samples;
  private int drafts;

  void reset() {
    samples = 0;
    drafts = 0;
  }

  int samples() {
    return samples;
  }

  int drafts() {
    return drafts;
  }

  @Override
  public void sample(Step step, Logits logits) {
    samples++;
  }

  @Override
  public void draft(Step step, Logits logits, int pass) {
    FakeRules.require(samples == 1, () -> "drafting before sampling");
    FakeRules.require(
        pass == drafts, () -> "drafting pass " + pass + " after " + drafts + " passes");
    drafts++;
  }

  @Override
  public SamplingOps sampling() {
    return this;
  }

  @Override
  public LinearOps linear() {
    throw none();
  }

  @Override
  public NormOps norms() {
    throw none();
  }

  @Override
  public AttentionOps attention() {
    throw none();
  }

  @Override
  public RecurrentOps recurrent() {
    throw none();
  }

  @Override
  public MoeOps moe() {
    throw none();
  }

  private static UnsupportedOperationException none() {
    return new UnsupportedOperationException("a fake backend computes nothing; use FakeModel");
  }
}
