package dev.tenon.engine.runtime.weights;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Stored elements as f32. */
final class Widening {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Widening() {}

  /** A small matrix's elements, row-major, scales applied. */
  static float[] values(HostMatrix matrix) {
    float[] values = new float[Math.multiplyExact(matrix.rows(), matrix.columns())];
    BlockScale scale = matrix.scale();
    for (int row = 0; row < matrix.rows(); row++) {
      for (int column = 0; column < matrix.columns(); column++) {
        long at = row * matrix.rowStride() + (long) column * matrix.type().bytes();
        float value = element(matrix.type(), matrix.data(), at);
        values[row * matrix.columns() + column] =
            scale == null ? value : value * scaleOf(scale, row, column);
      }
    }
    return values;
  }

  private static float scaleOf(BlockScale scale, int row, int column) {
    long index =
        (long) ((scale.firstRow() + row) / scale.blockRows()) * scale.columns()
            + (scale.firstColumn() + column) / scale.blockColumns();
    return element(scale.type(), scale.data(), index * scale.type().bytes());
  }

  private static float element(ElementType type, MemorySegment data, long at) {
    return switch (type) {
      case F32 -> data.get(FLOAT, at);
      case BF16 -> Float.intBitsToFloat(data.get(SHORT, at) << 16);
      case F16 -> Float.float16ToFloat(data.get(SHORT, at));
      case F8_E4M3 -> e4m3(data.get(ValueLayout.JAVA_BYTE, at));
    };
  }

  private static float e4m3(byte bits) {
    int exponent = (bits >> 3) & 0xf;
    int mantissa = bits & 7;
    float magnitude;
    if (exponent == 0xf && mantissa == 7) {
      magnitude = Float.NaN;
    } else if (exponent == 0) {
      magnitude = mantissa * 0x1p-9f;
    } else {
      magnitude = Math.scalb(1f + mantissa / 8f, exponent - 7);
    }
    return bits < 0 ? -magnitude : magnitude;
  }
}
