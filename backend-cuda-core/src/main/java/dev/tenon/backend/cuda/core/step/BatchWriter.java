package dev.tenon.backend.cuda.core.step;

import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Lays a batch out as {@code tenon_batch} of {@code abi/step_kernels.h}. */
final class BatchWriter {
  private static final int HEAD = 16;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final MemorySegment target;
  private int next = HEAD;

  private BatchWriter(MemorySegment target) {
    this.target = target;
  }

  /**
   * Bytes of the largest batch. A step gives a sequence pages for its own rows and for what may
   * come of the step in flight.
   */
  static long bytes(StepShape limits) {
    return Integer.BYTES
        * (HEAD
            + 3 * mostPages(limits)
            + 6L * limits.sequences()
            + 1
            + limits.logitRows()
            + limits.rows());
  }

  /** Page entries that a batch may bring. */
  static long mostPages(StepShape limits) {
    return limits.rows() + 2L * limits.sequences() * (2 + limits.draftTokens());
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
      batch.pages().length / 3,
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
