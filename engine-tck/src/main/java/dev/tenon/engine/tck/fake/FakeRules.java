package dev.tenon.engine.tck.fake;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.Supplier;

/** What holds for a batch by itself. */
final class FakeRules {
  private FakeRules() {}

  static TenonException broken(String message) {
    return new TenonException(ErrorCode.INTERNAL, "step protocol: " + message);
  }

  static void require(boolean condition, Supplier<String> message) {
    if (!condition) {
      throw broken(message.get());
    }
  }

  static void check(StepBatch batch, StepShape shape) {
    int sequences = batch.sequences();
    require(
        batch.kinds().length == sequences
            && batch.starts().length == sequences
            && batch.rowOffsets().length == sequences + 1
            && batch.nextTokens().length == sequences
            && batch.hostDrafts().length == sequences
            && batch.tokens().length == batch.rows(),
        () -> "array lengths disagree");
    require(batch.rowOffsets()[0] == 0, () -> "rows begin at " + batch.rowOffsets()[0]);
    require(batch.pages().length % 3 == 0, () -> "pages are not triples");
    require(
        batch.rows() <= shape.rows()
            && sequences <= shape.sequences()
            && batch.logitRows().length <= shape.logitRows(),
        () ->
            "batch of %d rows, %d sequences, %d logit rows exceeds %s"
                .formatted(batch.rows(), sequences, batch.logitRows().length, shape));
    require(distinct(batch.slots()), () -> "a slot is in a batch twice");
    for (int b = 0; b < sequences; b++) {
      require(batch.rowOffsets()[b + 1] > batch.rowOffsets()[b], () -> "a sequence has no rows");
    }
    checkLogitRows(batch);
  }

  private static boolean distinct(int[] slots) {
    BitSet seen = new BitSet();
    for (int slot : slots) {
      if (seen.get(slot)) {
        return false;
      }
      seen.set(slot);
    }
    return true;
  }

  private static void checkLogitRows(StepBatch batch) {
    int[] rows = batch.logitRows();
    for (int i = 0; i < rows.length; i++) {
      require(rows[i] >= 0 && rows[i] < batch.rows(), () -> "a logit row is not a row");
      require(i == 0 || rows[i] > rows[i - 1], () -> "logit rows do not ascend");
    }
    for (int b : batch.logitsWanted()) {
      require(b >= 0 && b < batch.sequences(), () -> "logits wanted of sequence " + b);
      require(
          Arrays.binarySearch(rows, batch.rowOffsets()[b + 1] - 1) >= 0,
          () -> "logits wanted of sequence " + b + " without a logit row");
    }
  }

  /** Checks that a sequence's logit rows are the last {@code expected} of its rows, and no more. */
  static void requireLogitRows(StepBatch batch, int b, int expected) {
    int end = batch.rowOffsets()[b + 1];
    int first = batch.rowOffsets()[b];
    for (int row = first; row < end; row++) {
      boolean wanted = row >= end - expected;
      boolean present = Arrays.binarySearch(batch.logitRows(), row) >= 0;
      if (wanted != present) {
        throw broken(
            "row %d of sequence %d: logits %s"
                .formatted(row - first, b, wanted ? "missing" : "unasked"));
      }
    }
  }
}
