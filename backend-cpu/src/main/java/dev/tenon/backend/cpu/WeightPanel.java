package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Widens a few rows of a weight matrix into cache-sized f32 scratch, in the order of {@link
 * Interleaving}. Each weight is read from memory once and used for all rows of a product. Block
 * scales that {@link BlockFactors} multiplies into the activations are left out.
 */
final class WeightPanel {
  private static final int L = Lanes.COUNT;

  private WeightPanel() {}

  /**
   * Widens one row.
   *
   * @param at of its first vector in the panel
   * @param step distance from one vector to the next
   */
  static void fill(HostMatrix matrix, int row, float[] panel, int at, int step) {
    int streams = Interleaving.streams(matrix.type());
    int done = fillBlocks(matrix, row, panel, at, step);
    boolean scaled = !BlockFactors.servesActivations(matrix);
    int padded = Interleaving.paddedLength(matrix.type(), matrix.columns());
    for (int c = done; c < padded; c++) {
      int place = Interleaving.place(streams, c);
      panel[at + place / L * step + place % L] =
          c >= matrix.columns()
              ? 0f
              : scaled
                  ? MatrixElements.at(matrix, row, c)
                  : MatrixElements.unscaled(matrix, row, c);
    }
  }

  private static int fillBlocks(HostMatrix matrix, int row, float[] panel, int at, int step) {
    long offset = row * matrix.rowStride();
    int block = Interleaving.streams(matrix.type()) * L;
    int columns = matrix.columns() / block * block;
    return switch (matrix.type()) {
      case F32 -> floats(matrix.data(), offset, columns, panel, at, step);
      case BF16 -> brainFloats(matrix.data(), offset, columns, panel, at, step);
      case F16 -> halfFloats(matrix.data(), offset, columns, panel, at, step);
      case F8_E4M3 ->
          BlockFactors.servesActivations(matrix)
              ? bytes(matrix.data(), offset, columns, panel, at, step)
              : 0; // a scale changes within a vector: element by element
    };
  }

  private static int floats(
      MemorySegment data, long offset, int columns, float[] panel, int at, int step) {
    for (int c = 0; c < columns; c += L) {
      FloatVector.fromMemorySegment(Lanes.FLOATS, data, offset + 4L * c, Lanes.LITTLE)
          .intoArray(panel, at + c / L * step);
    }
    return columns;
  }

  private static int brainFloats(
      MemorySegment data, long offset, int columns, float[] panel, int at, int step) {
    IntVector mask = IntVector.broadcast(Lanes.INTS, PairedWeights.UPPER_HALF);
    for (int c = 0; c < columns; c += 2 * L) {
      IntVector words =
          IntVector.fromMemorySegment(Lanes.INTS, data, offset + 2L * c, Lanes.LITTLE);
      PairedWeights.first(words).intoArray(panel, at + c / L * step);
      PairedWeights.second(words, mask).intoArray(panel, at + (c / L + 1) * step);
    }
    return columns;
  }

  private static int halfFloats(
      MemorySegment data, long offset, int columns, float[] panel, int at, int step) {
    for (int c = 0; c < columns; c += 2 * L) {
      IntVector words =
          IntVector.fromMemorySegment(Lanes.INTS, data, offset + 2L * c, Lanes.LITTLE);
      halves(words.lanewise(VectorOperators.LSHL, 16)).intoArray(panel, at + c / L * step);
      halves(words).intoArray(panel, at + (c / L + 1) * step);
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

  private static int bytes(
      MemorySegment data, long offset, int columns, float[] panel, int at, int step) {
    IntVector mask = IntVector.broadcast(Lanes.INTS, ByteWeights.SIGN_AND_MAGNITUDE);
    FloatVector factor = FloatVector.broadcast(Lanes.FLOATS, 1 / ByteWeights.EXPONENT_LACK);
    for (int c = 0; c < columns; c += 4 * L) {
      IntVector words = IntVector.fromMemorySegment(Lanes.INTS, data, offset + c, Lanes.LITTLE);
      int to = at + c / L * step;
      upperBytes(words.lanewise(VectorOperators.LSHL, 24), mask, factor).intoArray(panel, to);
      to += step;
      upperBytes(words.lanewise(VectorOperators.LSHL, 16), mask, factor).intoArray(panel, to);
      to += step;
      upperBytes(words.lanewise(VectorOperators.LSHL, 8), mask, factor).intoArray(panel, to);
      upperBytes(words, mask, factor).intoArray(panel, to + step);
    }
    return columns;
  }

  /** The e4m3 values in the upper bytes of words, by a factor that mends the exponent. */
  private static FloatVector upperBytes(IntVector words, IntVector mask, FloatVector factor) {
    return words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats().mul(factor);
  }
}
