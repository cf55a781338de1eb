package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.Rows;

/**
 * Rows that operations work on. Group b, the rows of the step's sequence b, is {@code offsets[b] …
 * offsets[b + 1] − 1}; of these the first {@code active[b]} do something, the others compute and
 * write nothing that counts.
 *
 * @param step the step they belong to
 * @param offsets first row of each group, and the number of rows
 * @param active rows of each group that count
 * @param ids token per row
 * @param positions position per row
 * @param selected rows whose logits are needed
 */
@SuppressWarnings("ArrayRecordComponent") // a handle, never compared
record CpuRows(
    CpuStep step, int[] offsets, int[] active, int[] ids, int[] positions, int[] selected)
    implements Rows {
  static CpuRows of(Rows rows) {
    return (CpuRows) rows;
  }

  int count() {
    return ids.length;
  }

  int groups() {
    return active.length;
  }
}
