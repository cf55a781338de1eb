package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.StepShape;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Shapes worth recording. Kernels read how many rows there really are from the device and blocks
 * without work return at once, so a shape that is too large costs little but the launch of idle
 * blocks; what counts is that decodes of few sequences get few blocks.
 */
final class StepShapes {
  private static final int FINENESS = 16;

  /**
   * Rows of a sequence up to which all kernels take it as a decode; the tails of prompts profit.
   */
  private static final int FEW_ROWS = 16;

  private static final int SMALLEST_CHUNK = 64;

  private StepShapes() {}

  /**
   * Decodes of 1, 2, … 32, 34, … 64, 68, … 128, 136, … sequences, each with all its draft rows, so
   * that fewer than a sixteenth are too many; and mixed steps of 64, 128, … rows up to the limits,
   * for as many sequences as the limits allow.
   */
  static List<StepShape> within(StepShape limits) {
    List<StepShape> shapes = new ArrayList<>();
    int perSequence = 1 + limits.draftTokens();
    TreeSet<Integer> counts = new TreeSet<>();
    for (int n = 1; n < limits.sequences(); n += Math.max(1, Integer.highestOneBit(n) / FINENESS)) {
      counts.add(n);
    }
    counts.add(limits.sequences());
    for (int sequences : counts) {
      int rows = sequences * perSequence;
      if (sequences <= limits.sequences() && rows <= limits.rows() && rows <= limits.logitRows()) {
        int each = Math.min(rows, Math.max(FEW_ROWS, perSequence));
        shapes.add(new StepShape(rows, sequences, rows, limits.draftTokens(), each));
      }
    }
    for (int rows = SMALLEST_CHUNK; rows < limits.rows(); rows *= 2) {
      shapes.add(
          new StepShape(
              rows, limits.sequences(), Math.min(rows, limits.logitRows()), limits.draftTokens()));
    }
    shapes.add(limits);
    return shapes;
  }
}
