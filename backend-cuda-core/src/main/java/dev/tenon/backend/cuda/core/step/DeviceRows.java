package dev.tenon.backend.cuda.core.step;

/**
 * Where a set of rows lies on the device, in the order of {@code tenon_rows} in {@code
 * abi/kernel_table.h}. All arrays are int32.
 *
 * @param maxRows bound of the rows
 * @param maxSequences bound of the sequences
 * @param maxSelected bound of the selected rows
 * @param maxSequenceRows bound of the rows of any one sequence
 * @param counts address of how many rows, sequences and selected rows there are
 * @param ids of the rows' tokens
 * @param positions of the rows
 * @param slots of the rows, −1 where inactive
 * @param sequence of each row
 * @param sequenceSlots slots by sequence
 * @param sequenceOffsets first rows by sequence, one more than sequences
 * @param sequenceActive active rows by sequence
 * @param sequenceReplay pending rows to replay, by sequence
 * @param sequenceCommitted active rows that advance recurrent states, by sequence
 * @param selected rows whose logits are wanted
 */
public record DeviceRows(
    long maxRows,
    long maxSequences,
    long maxSelected,
    long maxSequenceRows,
    long counts,
    long ids,
    long positions,
    long slots,
    long sequence,
    long sequenceSlots,
    long sequenceOffsets,
    long sequenceActive,
    long sequenceReplay,
    long sequenceCommitted,
    long selected) {

  /** How many words there are. */
  static final int WORDS = 15;

  /** The words of {@code tenon_rows}. */
  public long[] words() {
    return new long[] {
      maxRows,
      maxSequences,
      maxSelected,
      maxSequenceRows,
      counts,
      ids,
      positions,
      slots,
      sequence,
      sequenceSlots,
      sequenceOffsets,
      sequenceActive,
      sequenceReplay,
      sequenceCommitted,
      selected
    };
  }
}
