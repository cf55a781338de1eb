package dev.tenon.spi.backend;

import java.util.List;

/**
 * What one step does: everything that the host decides, and nothing that the device knows by itself
 * (last tokens, drafts and exact positions of decodes). Flat arrays, so that it is copied to a
 * device, or sent to another rank, as it is.
 *
 * <p>Sequence b has rows {@code rowOffsets[b] … rowOffsets[b + 1] − 1}. A prefill's rows are tokens
 * {@code starts[b] …} of its prompt, given in {@code tokens}. A decode's row 0 is the slot's last
 * token; rows 1 … are drafts: the slot's own, or, where {@code hostDrafts} says so, those in {@code
 * tokens}. A slot that ended in an earlier step emits nothing and writes nothing.
 *
 * @param id counts steps
 * @param setups slots that new sequences take over, before all else
 * @param pages new entries of page tables, triples (slot, index in its table, page); valid until
 *     the slot's next setup
 * @param slots slot of each sequence
 * @param kinds {@link #PREFILL}, {@link #PREFILL_LAST} or {@link #DECODE} of each sequence
 * @param starts position of a prefill's first row; of a decode, an upper bound of row 0's position
 * @param rowOffsets one more than sequences, ascending from 0
 * @param tokens one per row; those of decodes are ignored unless they are host drafts
 * @param nextTokens of a prefill that does not end its prompt, the token that follows; else −1
 * @param hostDrafts per sequence, how many of its rows 1 … take their ids from {@code tokens}: all
 *     or 0
 * @param logitRows rows whose logits are needed, ascending: the last row of a {@link
 *     #PREFILL_LAST}, all rows of a decode, all rows of a prefill that reports prompt
 *     log-probabilities
 * @param logitsWanted sequences whose last logit row is returned whole
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record StepBatch(
    long id,
    List<SlotSetup> setups,
    int[] pages,
    int[] slots,
    byte[] kinds,
    int[] starts,
    int[] rowOffsets,
    int[] tokens,
    int[] nextTokens,
    int[] hostDrafts,
    int[] logitRows,
    int[] logitsWanted) {

  /** A part of a prompt (or of what is recomputed) that more of it follows. */
  public static final byte PREFILL = 0;

  /** The end of a prompt: a token is drawn from its last row. */
  public static final byte PREFILL_LAST = 1;

  /** A sequence's last token and its drafts. */
  public static final byte DECODE = 2;

  /** Number of sequences. */
  public int sequences() {
    return slots.length;
  }

  /** Number of rows. */
  public int rows() {
    return rowOffsets[slots.length];
  }
}
