package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/** Small matrices that are packed as one, in one type. */
final class Widening {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Widening() {}

  /** The same matrices; where only some are in FP8, these in bf16. */
  static List<HostMatrix> alike(List<HostMatrix> parts) {
    boolean mixed = parts.stream().map(HostMatrix::type).distinct().count() > 1;
    return mixed ? parts.stream().map(Widening::widened).toList() : parts;
  }

  private static HostMatrix widened(HostMatrix source) {
    BlockScale scale = source.scale();
    if (scale == null) {
      return source;
    }
    float[] scales = MatrixPacker.values(scale);
    long stride = (long) source.columns() * Short.BYTES;
    MemorySegment data = Arena.ofAuto().allocate(stride * source.rows(), Short.BYTES);
    for (int row = 0; row < source.rows(); row++) {
      int firstScale = (scale.firstRow() + row) / scale.blockRows() * scale.columns();
      for (int column = 0; column < source.columns(); column++) {
        byte code = source.data().get(ValueLayout.JAVA_BYTE, row * source.rowStride() + column);
        int block = firstScale + (scale.firstColumn() + column) / scale.blockColumns();
        data.set(SHORT, row * stride + 2L * column, Bf16.of(e4m3(code) * scales[block]));
      }
    }
    return new HostMatrix(
        source.name(), ElementType.BF16, data, source.rows(), source.columns(), stride, null);
  }

  /** One sign bit, four of exponent (bias 7), three of fraction; no infinities. */
  private static float e4m3(byte code) {
    int exponent = code >> 3 & 15;
    int fraction = code & 7;
    float magnitude =
        exponent == 0 ? Math.scalb((float) fraction, -9) : Math.scalb(8f + fraction, exponent - 10);
    return code < 0 ? -magnitude : magnitude;
  }
}
