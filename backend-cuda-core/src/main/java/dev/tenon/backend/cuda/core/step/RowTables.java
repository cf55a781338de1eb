package dev.tenon.backend.cuda.core.step;

import dev.tenon.spi.backend.StepShape;
import java.util.ArrayList;
import java.util.List;

/**
 * The arrays that describe rows: those that the model processes, and those of each drafting pass.
 * Allocated once for the largest shape; the kernels of {@code smxx/step} fill them.
 */
final class RowTables {
  private static final int COUNTS = 4;

  private final DeviceRows target;
  private final List<DeviceRows> drafting = new ArrayList<>();

  RowTables(Device device, StepShape limits) {
    int rows = limits.rows();
    int sequences = limits.sequences();
    target =
        new DeviceRows(
            rows,
            sequences,
            limits.logitRows(),
            limits.sequenceRows(),
            ints(device, COUNTS),
            ints(device, rows),
            ints(device, rows),
            ints(device, rows),
            ints(device, rows),
            ints(device, sequences),
            ints(device, sequences + 1),
            ints(device, sequences),
            ints(device, sequences),
            ints(device, sequences),
            ints(device, limits.logitRows()));
    for (int pass = 0; pass < limits.draftTokens(); pass++) {
      drafting.add(pass == 0 ? shifted(device, rows, sequences) : single(device, sequences));
    }
  }

  /** Bytes of the arrays, the padding of allocations left aside. */
  static long bytes(StepShape limits) {
    long later = Math.max(0, limits.draftTokens() - 1);
    long shifted = limits.draftTokens() > 0 ? 3L * limits.rows() + 3L * limits.sequences() : 0;
    return Integer.BYTES
        * (4L * limits.rows()
            + 5L * limits.sequences()
            + limits.logitRows()
            + shifted
            + later * 8L * limits.sequences());
  }

  DeviceRows target(StepShape shape) {
    return bounded(
        target, shape.rows(), shape.sequences(), shape.logitRows(), shape.sequenceRows());
  }

  DeviceRows drafting(StepShape shape, int pass) {
    int rows = pass == 0 ? shape.rows() : shape.sequences();
    int each = pass == 0 ? shape.sequenceRows() : 1;
    return bounded(drafting.get(pass), rows, shape.sequences(), shape.sequences(), each);
  }

  /** All the target rows; they belong to the same sequences. */
  private DeviceRows shifted(Device device, int rows, int sequences) {
    long active = ints(device, sequences);
    return new DeviceRows(
        rows,
        sequences,
        sequences,
        target.maxSequenceRows(),
        ints(device, COUNTS),
        ints(device, rows),
        ints(device, rows),
        ints(device, rows),
        target.sequence(),
        target.sequenceSlots(),
        target.sequenceOffsets(),
        active,
        ints(device, sequences),
        active,
        ints(device, sequences));
  }

  /** One row per sequence. */
  private DeviceRows single(Device device, int sequences) {
    long active = ints(device, sequences);
    long numbers = ints(device, sequences + 1);
    return new DeviceRows(
        sequences,
        sequences,
        sequences,
        1,
        ints(device, COUNTS),
        ints(device, sequences),
        ints(device, sequences),
        ints(device, sequences),
        numbers,
        target.sequenceSlots(),
        numbers,
        active,
        ints(device, sequences),
        active,
        numbers);
  }

  private static DeviceRows bounded(
      DeviceRows all, long rows, long sequences, long selected, long sequenceRows) {
    return new DeviceRows(
        rows,
        sequences,
        selected,
        sequenceRows,
        all.counts(),
        all.ids(),
        all.positions(),
        all.slots(),
        all.sequence(),
        all.sequenceSlots(),
        all.sequenceOffsets(),
        all.sequenceActive(),
        all.sequenceReplay(),
        all.sequenceCommitted(),
        all.selected());
  }

  private static long ints(Device device, long count) {
    return device.allocate(count * Integer.BYTES);
  }
}
