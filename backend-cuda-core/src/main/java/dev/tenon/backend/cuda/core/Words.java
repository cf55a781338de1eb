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

  /** Its operation's name, with the matrix's size where it multiplies by one. */
  String label() {
    return operation == Operation.PRODUCT
        ? "product %d x %d".formatted(values[3], values[4])
        : operation.label();
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
