package dev.tenon.spi.backend;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A view of a weight matrix {@code [rows = outputs, columns = inputs]} in host memory. Slices share
 * the memory. Element (r, c) begins at byte {@code r * rowStride + c * type.bytes()} of {@code
 * data}.
 *
 * @param name of the tensor it came from, for messages
 * @param type element type
 * @param data memory that begins with the view's first element
 * @param rows outputs
 * @param columns inputs
 * @param rowStride bytes from a row to the next
 * @param scale block scales; present exactly for {@code F8_E4M3}
 */
public record HostMatrix(
    String name,
    ElementType type,
    MemorySegment data,
    int rows,
    int columns,
    long rowStride,
    @Nullable BlockScale scale) {

  /** Checks that the view lies in its memory. */
  public HostMatrix {
    Objects.requireNonNull(data);
    long row = (long) columns * type.bytes();
    long needed = rows == 0 ? 0 : (rows - 1) * rowStride + row;
    if (rows < 0 || columns < 1 || rowStride < row || data.byteSize() < needed) {
      throw new IllegalArgumentException(
          name + ": view [" + rows + ", " + columns + "] exceeds " + data.byteSize() + " bytes");
    }
    if ((type == ElementType.F8_E4M3) != (scale != null)) {
      throw new IllegalArgumentException(name + ": block scales belong to F8_E4M3, and only there");
    }
  }

  /** Rows {@code first … first + count − 1}. */
  public HostMatrix slicedRows(int first, int count) {
    Objects.checkFromIndexSize(first, count, rows);
    return new HostMatrix(
        name,
        type,
        data.asSlice(first * rowStride),
        count,
        columns,
        rowStride,
        scale == null ? null : scale.shifted(first, 0));
  }

  /** Columns {@code first … first + count − 1}. */
  public HostMatrix slicedColumns(int first, int count) {
    Objects.checkFromIndexSize(first, count, columns);
    return new HostMatrix(
        name,
        type,
        data.asSlice((long) first * type.bytes()),
        rows,
        count,
        rowStride,
        scale == null ? null : scale.shifted(0, first));
  }
}
