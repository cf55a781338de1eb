package dev.tenon.engine.runtime.scheduler;

import dev.tenon.spi.backend.StepBatch;

/**
 * A sequence's part in a step.
 *
 * @param sequence whose
 * @param kind as in {@link StepBatch#kinds}
 * @param start position of the first row; of a decode, an upper bound
 * @param rows prompt tokens, or the last token and drafts
 * @param hostDrafts ids of rows 1 … where the host drafted them; otherwise empty
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record Work(Sequence sequence, byte kind, int start, int rows, int[] hostDrafts) {
  private static final int[] NONE = {};

  /** A part of a prompt. */
  static Work prefill(Sequence sequence, int rows) {
    int start = sequence.prefilled();
    boolean last = start + rows == sequence.setup().length;
    return new Work(sequence, last ? StepBatch.PREFILL_LAST : StepBatch.PREFILL, start, rows, NONE);
  }

  /** A last token and drafts that the slot holds. */
  static Work decode(Sequence sequence, int drafts) {
    return new Work(sequence, StepBatch.DECODE, sequence.decodeStart(), 1 + drafts, NONE);
  }

  /** A last token and drafts made on the host. */
  static Work decode(Sequence sequence, int[] drafts) {
    return new Work(sequence, StepBatch.DECODE, sequence.decodeStart(), 1 + drafts.length, drafts);
  }

  /** Whether the sequence needs a slot first. */
  public boolean isAdmission() {
    return !sequence.hasSlot();
  }

  /** Rows whose logits are needed. */
  public int logitRows() {
    if (kind == StepBatch.DECODE || sequence.reportsPrompt()) {
      return rows;
    }
    return kind == StepBatch.PREFILL_LAST ? 1 : 0;
  }

  /** Tokens that it brings at most. */
  public int mostOutput() {
    return kind == StepBatch.DECODE ? rows : leastOutput();
  }

  /** Tokens that it brings at least, unless the sequence ends before. */
  public int leastOutput() {
    return kind == StepBatch.PREFILL ? 0 : 1;
  }
}
