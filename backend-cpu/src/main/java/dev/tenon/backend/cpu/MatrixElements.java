package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Reads elements of a weight view one by one: the definition of what a view means. */
final class MatrixElements {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Value of each e4m3 byte. */
  static final float[] E4M3 = e4m3();

  private MatrixElements() {}

  /** Widens a row into {@code out}. */
  static void row(HostMatrix matrix, int row, float[] out, int outOffset) {
    for (int column = 0; column < matrix.columns(); column++) {
      out[outOffset + column] = at(matrix, row, column);
    }
  }

  /** One element. */
  static float at(HostMatrix matrix, int row, int column) {
    long offset = row * matrix.rowStride() + (long) column * matrix.type().bytes();
    MemorySegment data = matrix.data();
    return switch (matrix.type()) {
      case F32 -> data.get(FLOAT, offset);
      case BF16 -> Float.intBitsToFloat(data.get(SHORT, offset) << 16);
      case F16 -> Float.float16ToFloat(data.get(SHORT, offset));
      case F8_E4M3 -> {
        BlockScale scale = matrix.scale();
        if (scale == null) {
          throw new IllegalStateException(matrix.name() + " has no scales");
        }
        yield unscaled(matrix, row, column) * scale(scale, row, column);
      }
    };
  }

  /** One e4m3 element without its scale. */
  static float unscaled(HostMatrix matrix, int row, int column) {
    return E4M3[matrix.data().get(ValueLayout.JAVA_BYTE, row * matrix.rowStride() + column) & 0xFF];
  }

  /** The scale of an element of the view that the scales belong to. */
  static float scale(BlockScale scale, int row, int column) {
    return scale(scale, scaleIndex(scale, row, column));
  }

  /** The index of an element's scale; that of the next block of columns is the next. */
  static long scaleIndex(BlockScale scale, int row, int column) {
    return (long) ((scale.firstRow() + row) / scale.blockRows()) * scale.columns()
        + (scale.firstColumn() + column) / scale.blockColumns();
  }

  /** The scale at an index. */
  static float scale(BlockScale scale, long index) {
    return scale.type() == ElementType.F32
        ? scale.data().get(FLOAT, 4 * index)
        : Float.intBitsToFloat(scale.data().get(SHORT, 2 * index) << 16);
  }

  private static float[] e4m3() {
    float[] values = new float[256];
    for (int bits = 0; bits < 256; bits++) {
      int exponent = bits >> 3 & 15;
      int mantissa = bits & 7;
      float magnitude =
          exponent == 15 && mantissa == 7
              ? Float.NaN
              : exponent == 0 ? mantissa * 0x1p-9f : Math.scalb(1 + mantissa / 8f, exponent - 7);
      values[bits] = bits < 128 ? magnitude : -magnitude;
    }
    return values;
  }
}
