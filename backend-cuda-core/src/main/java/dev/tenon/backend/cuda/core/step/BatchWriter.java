package dev.tenon.backend.cuda.core.step;

import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Lays a batch out as {@code tenon_batch} of {@code abi/step_kernels.h}. */
final class BatchWriter {
  private static final int HEAD = 16;

  /** Words of an entry of pages. */
  private static final int PAGE_WORDS = 3;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final MemorySegment target;
  private int next = HEAD;

  private BatchWriter(MemorySegment target) {
    this.target = target;
  }

  /**
   * Bytes of the largest batch.
   *
   * @param pages of the pool: a page is given to one sequence at a time, so a batch brings no more
   *     entries than that; a prompt gets all of its pages with its first rows
   */
  static long bytes(StepShape limits, int pages) {
    return Integer.BYTES
        * (HEAD
            + (long) PAGE_WORDS * pages
            + 6L * limits.sequences()
            + 1
            + limits.logitRows()
            + limits.rows());
  }

  /** Bytes of the largest batch for each page of the pool. */
  static long bytesPerPage() {
    return (long) PAGE_WORDS * Integer.BYTES;
  }

  /** Bytes of this batch. */
  static long bytes(StepBatch batch) {
    return Integer.BYTES
        * (HEAD
            + (long) batch.pages().length
            + 6L * batch.sequences()
            + 1
            + batch.logitRows().length
            + batch.rows());
  }

  static void write(StepBatch batch, MemorySegment target) {
    BatchWriter writer = new BatchWriter(target);
    int[] kinds = new int[batch.sequences()];
    for (int b = 0; b < kinds.length; b++) {
      kinds[b] = batch.kinds()[b];
    }
    int[] head = {
      batch.rows(),
      batch.sequences(),
      batch.logitRows().length,
      batch.pages().length / PAGE_WORDS,
      writer.append(batch.pages()),
      writer.append(batch.slots()),
      writer.append(kinds),
      writer.append(batch.starts()),
      writer.append(batch.rowOffsets()),
      writer.append(batch.nextTokens()),
      writer.append(batch.hostDrafts()),
      writer.append(batch.logitRows()),
      writer.append(batch.tokens())
    };
    MemorySegment.copy(head, 0, target, INT, 0, head.length);
  }

  private int append(int[] values) {
    int at = next;
    MemorySegment.copy(values, 0, target, INT, (long) at * Integer.BYTES, values.length);
    next += values.length;
    return at;
  }
}
