package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Widens a few rows of a weight matrix into cache-sized f32 scratch, in the order of {@link
 * Interleaving}. Each weight is read from memory once and used for all rows of a product.
 */
final class WeightPanel {
  private static final int L = Lanes.COUNT;

  private WeightPanel() {}

  /** Widens rows {@code first … first + count − 1}, {@code stride} elements apart in the panel. */
  static void fill(HostMatrix matrix, int first, int count, float[] panel, int stride) {
    for (int i = 0; i < count; i++) {
      int row = first + i;
      int at = i * stride;
      int streams = Interleaving.streams(matrix.type());
      int done = fillBlocks(matrix, row, panel, at);
      for (int c = done; c < stride; c++) {
        panel[at + c] = 0f;
      }
      for (int c = done; c < matrix.columns(); c++) {
        panel[at + Interleaving.place(streams, c)] = MatrixElements.at(matrix, row, c);
      }
    }
  }

  private static int fillBlocks(HostMatrix matrix, int row, float[] panel, int at) {
    long offset = row * matrix.rowStride();
    int block = Interleaving.streams(matrix.type()) * L;
    int columns = matrix.columns() / block * block;
    return switch (matrix.type()) {
      case F32 -> floats(matrix.data(), offset, columns, panel, at);
      case BF16 -> brainFloats(matrix.data(), offset, columns, panel, at);
      case F16 -> halfFloats(matrix.data(), offset, columns, panel, at);
      case F8_E4M3 -> scaledBytes(matrix, row, columns, panel, at);
    };
  }

  private static int floats(MemorySegment data, long offset, int columns, float[] panel, int at) {
    for (int c = 0; c < columns; c += L) {
      FloatVector.fromMemorySegment(Lanes.FLOATS, data, offset + 4L * c, Lanes.LITTLE)
          .intoArray(panel, at + c);
    }
    return columns;
  }

  private static int brainFloats(
      MemorySegment data, long offset, int columns, float[] panel, int at) {
    for (int c = 0; c < columns; c += 2 * L) {
      IntVector words =
          IntVector.fromMemorySegment(Lanes.INTS, data, offset + 2L * c, Lanes.LITTLE);
      words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(panel, at + c);
      words
          .lanewise(VectorOperators.AND, 0xFFFF0000)
          .reinterpretAsFloats()
          .intoArray(panel, at + c + L);
    }
    return columns;
  }

  private static int halfFloats(
      MemorySegment data, long offset, int columns, float[] panel, int at) {
    for (int c = 0; c < columns; c += 2 * L) {
      IntVector words =
          IntVector.fromMemorySegment(Lanes.INTS, data, offset + 2L * c, Lanes.LITTLE);
      halves(words.lanewise(VectorOperators.LSHL, 16)).intoArray(panel, at + c);
      halves(words).intoArray(panel, at + c + L);
    }
    return columns;
  }

  /** f32 values of the f16 values in the upper halves of words. */
  private static FloatVector halves(IntVector upper) {
    // the exponent lands three bits too low and 112 short of the bias; one product mends both,
    // subnormals included
    return upper
        .lanewise(VectorOperators.ASHR, 3)
        .lanewise(VectorOperators.AND, 0x8FFFE000)
        .reinterpretAsFloats()
        .mul(0x1p112f);
  }

  private static int scaledBytes(HostMatrix matrix, int row, int columns, float[] panel, int at) {
    BlockScale scale = matrix.scale();
    int block = 4 * L;
    if (scale == null || scale.blockColumns() % block != 0 || scale.firstColumn() % block != 0) {
      return 0; // a scale changes within a vector: element by element
    }
    long offset = row * matrix.rowStride();
    int c = 0;
    while (c < columns) {
      int within = (scale.firstColumn() + c) % scale.blockColumns();
      int end = Math.min(columns, c + scale.blockColumns() - within);
      // e4m3's exponent is 120 short of the bias
      float factor = MatrixElements.scale(scale, row, c);
      bytes(matrix.data(), offset, c, end, factor, panel, at);
      c = end;
    }
    return columns;
  }

  private static void bytes(
      MemorySegment data, long offset, int from, int to, float scale, float[] panel, int at) {
    FloatVector factor = FloatVector.broadcast(Lanes.FLOATS, scale).mul(0x1p120f);
    for (int c = from; c < to; c += 4 * L) {
      IntVector words = IntVector.fromMemorySegment(Lanes.INTS, data, offset + c, Lanes.LITTLE);
      quarters(words.lanewise(VectorOperators.LSHL, 24), factor).intoArray(panel, at + c);
      quarters(words.lanewise(VectorOperators.LSHL, 16), factor).intoArray(panel, at + c + L);
      quarters(words.lanewise(VectorOperators.LSHL, 8), factor).intoArray(panel, at + c + 2 * L);
      quarters(words, factor).intoArray(panel, at + c + 3 * L);
    }
  }

  private static FloatVector quarters(IntVector upper, FloatVector factor) {
    return upper
        .lanewise(VectorOperators.ASHR, 4)
        .lanewise(VectorOperators.AND, 0x87F00000)
        .reinterpretAsFloats()
        .mul(factor);
  }
}
