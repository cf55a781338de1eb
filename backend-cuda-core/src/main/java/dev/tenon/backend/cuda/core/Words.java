package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;

/** The 64-bit words of an operation's parameters, filled in the order of its C struct. */
final class Words {
  private final Operation operation;
  private final long[] values;
  private int filled;

  Words(Operation operation) {
    this.operation = operation;
    this.values = new long[operation.words];
  }

  /** Adds addresses or integers. */
  Words with(long... more) {
    for (long value : more) {
      values[filled++] = value;
    }
    return this;
  }

  /** Adds a number. */
  Words withReal(double value) {
    return with(Double.doubleToRawLongBits(value));
  }

  /** Adds a set of rows. */
  Words with(DeviceRows rows) {
    return with(rows.words());
  }

  /** Adds a packed matrix. */
  Words with(PackedMatrix matrix) {
    return with(
        matrix.type().code, matrix.outputs(), matrix.inputs(), matrix.data(), matrix.scales());
  }

  /** Its operation's name, with what its time depends on. */
  String label() {
    return switch (operation) {
      case PRODUCT -> "product %d x %d".formatted(values[3], values[4]);
      case ADD_NORM, PRODUCT_ADD_NORM, MOE_ADD_NORM -> normLabel();
      default -> operation.label();
    };
  }

  private String normLabel() {
    int norm = values.length - Operation.ADD_NORM.words;
    boolean alone = values[values.length - PeerSums.WORDS] == 0;
    long bytes = values[norm] * values[norm + 2] * DeviceType.BF16.bytes;
    return operation.label() + (alone ? "" : ", sum over ranks of " + bytes + " bytes");
  }

  Operation operation() {
    return operation;
  }

  /** The whole, once every word is filled. */
  long[] complete() {
    if (filled != values.length) {
      throw new IllegalStateException(
          operation.label() + " takes " + values.length + " words, not " + filled);
    }
    return values;
  }
}
