package dev.tenon.spi.backend;

/**
 * Bounds of the batches that a recorded step serves.
 *
 * @param rows tokens processed by the model, all sequences together
 * @param sequences sequences in the step
 * @param logitRows rows whose logits are needed
 * @param draftTokens tokens that the step drafts per sequence, 0 for none
 */
public record StepShape(int rows, int sequences, int logitRows, int draftTokens) {
  /** Whether a batch or shape within {@code other}'s bounds is within these. */
  public boolean holds(StepShape other) {
    return other.rows <= rows
        && other.sequences <= sequences
        && other.logitRows <= logitRows
        && other.draftTokens == draftTokens;
  }
}
