package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.ElementType;
import java.lang.foreign.MemorySegment;

/**
 * Products of one or two rows with four rows of weights, of four rows with two, where the weights
 * pass straight from memory through the registers.
 *
 * <p>Rows start at {@code x0 …} of {@code x}; weight rows are {@code step} bytes apart from byte
 * {@code w0} of {@code w}. The sums of row r and output o are left as a vector at {@code at + r ·
 * rowApart + o · apart} of {@code sums}.
 */
interface RegisterProducts {
  RegisterProducts OF_PAIRS = new PairedWeights();
  RegisterProducts OF_BYTES = Lanes.COUNT > 8 ? new ByteWeights() : new NarrowByteWeights();

  /** Those for a type that has them. */
  static RegisterProducts of(ElementType type) {
    return type == ElementType.BF16 ? OF_PAIRS : OF_BYTES;
  }

  /** One row, four weight rows. */
  void one(
      float[] x,
      int x0,
      MemorySegment w,
      long w0,
      long step,
      int columns,
      float[] sums,
      int at,
      int apart);

  /** Two rows, four weight rows. */
  void two(
      float[] x,
      int x0,
      int x1,
      MemorySegment w,
      long w0,
      long step,
      int columns,
      float[] sums,
      int at,
      int apart,
      int rowApart);

  /** Four rows, two weight rows. */
  void four(
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      MemorySegment w,
      long w0,
      long step,
      int columns,
      float[] sums,
      int at,
      int apart,
      int rowApart);
}
