package dev.tenon.spi.backend;

/**
 * The operations that models are written in: coarse enough for a GPU to fuse, small enough for the
 * CPU to define. Each is asynchronous; an error of the device shows at {@link StepTicket#await}.
 */
public interface Ops {
  /** Embedding, projections, logits. */
  LinearOps linear();

  /** Norms. */
  NormOps norms();

  /** Attention over paged keys and values. */
  AttentionOps attention();

  /** Gated delta nets. */
  RecurrentOps recurrent();

  /** Mixtures of experts and dense MLPs. */
  MoeOps moe();

  /** Sampling, acceptance and drafts. */
  SamplingOps sampling();
}
