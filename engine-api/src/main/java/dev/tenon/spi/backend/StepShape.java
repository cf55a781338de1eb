package dev.tenon.spi.backend;

/**
 * Bounds of the batches that a recorded step serves.
 *
 * @param rows tokens processed by the model, all sequences together
 * @param sequences sequences in the step
 * @param logitRows rows whose logits are needed
 * @param draftTokens tokens that the step drafts per sequence, 0 for none
 * @param sequenceRows rows of any one sequence
 */
public record StepShape(int rows, int sequences, int logitRows, int draftTokens, int sequenceRows) {
  /** All rows may belong to one sequence. */
  public StepShape(int rows, int sequences, int logitRows, int draftTokens) {
    this(rows, sequences, logitRows, draftTokens, rows);
  }

  /** The least shape that holds a batch. */
  public static StepShape of(StepBatch batch, int draftTokens) {
    int longest = 0;
    for (int b = 0; b < batch.sequences(); b++) {
      longest = Math.max(longest, batch.rowOffsets()[b + 1] - batch.rowOffsets()[b]);
    }
    return new StepShape(
        batch.rows(), batch.sequences(), batch.logitRows().length, draftTokens, longest);
  }

  /** Whether a batch or shape within {@code other}'s bounds is within these. */
  public boolean holds(StepShape other) {
    return other.rows <= rows
        && other.sequences <= sequences
        && other.logitRows <= logitRows
        && other.draftTokens == draftTokens
        && other.sequenceRows <= sequenceRows;
  }
}
