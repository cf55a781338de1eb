package dev.tenon.spi.backend;

import java.lang.foreign.MemorySegment;

/**
 * Scales of a block-quantised matrix view: element (row, column) of the view is multiplied by the
 * scale at ({@code (firstRow + row) / blockRows}, {@code (firstColumn + column) / blockColumns}). A
 * view that begins inside a block so keeps sharing that block's scale.
 *
 * @param type {@code BF16} or {@code F32}
 * @param data all scales of the whole matrix, row-major
 * @param columns scales in a row of {@code data}
 * @param blockRows rows that share a scale, e.g. 128
 * @param blockColumns columns that share a scale, e.g. 128
 * @param firstRow the view's first row in the whole matrix
 * @param firstColumn the view's first column in the whole matrix
 */
public record BlockScale(
    ElementType type,
    MemorySegment data,
    int columns,
    int blockRows,
    int blockColumns,
    int firstRow,
    int firstColumn) {

  BlockScale shifted(int rows, int columnShift) {
    return new BlockScale(
        type, data, columns, blockRows, blockColumns, firstRow + rows, firstColumn + columnShift);
  }
}
