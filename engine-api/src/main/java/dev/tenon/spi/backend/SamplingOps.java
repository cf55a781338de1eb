package dev.tenon.spi.backend;

/**
 * Sampling, acceptance and drafts, all on the device: what a slot needs for its next step never
 * passes the host.
 */
public interface SamplingOps {
  /**
   * Draws a token for each logit row that a sequence's end needs, decides how many drafts are
   * accepted, whether the sequence ends, and advances the slots.
   *
   * <p>For a decode with drafts d₁ … d_k, rows 0 … k are treated in order: row i draws its own
   * token t_i from its own distribution (as {@link SlotSampling} says, counting d₁ … d_i as
   * emitted) with the noise of its own output index; it is emitted; the next row counts only if i
   * &lt; k and t_i = d_{i+1}, and the sequence did not end with t_i. For drafts that were chosen
   * without chance, this accepts d with probability p(d) and otherwise draws from p without d: the
   * lossless rejection rule; and the emitted tokens are those that the sequence would have drawn
   * without drafts.
   */
  void sample(Step step, Logits logits);

  /**
   * Sets each sequence's next draft to the greatest logit, the lowest id where equal.
   *
   * @param logits one row per sequence
   * @param pass 0 … draftTokens − 1
   */
  void draft(Step step, Logits logits, int pass);
}
