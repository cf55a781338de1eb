package dev.tenon.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of one, two or four rows with a row of e4m3 weights, four to a word, widened on their
 * way from memory to the registers. {@code factors} has the scale of each {@code 4 · lanes} columns
 * times 2^120, by which e4m3's exponent is short of the bias. The sums are those of {@link
 * ProductTile}, bit by bit.
 *
 * <p>The methods are as long as the compiler bears: beyond that it allocates every vector.
 */
final class ByteWeights {
  private static final int L = Lanes.COUNT;

  /** Where e4m3's bits stand after an arithmetic shift by four. */
  static final int SIGN_AND_MAGNITUDE = 0x87F00000;

  private ByteWeights() {}

  static void one(
      float[] x, int x0, MemorySegment w, long w0, int columns, float[] factors, float[] scratch) {
    IntVector mask = IntVector.broadcast(Lanes.INTS, SIGN_AND_MAGNITUDE);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    for (int c = 0; c < columns; c += 4 * L) {
      FloatVector factor = FloatVector.broadcast(Lanes.FLOATS, factors[c / (4 * L)]);
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector o0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      FloatVector p0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 2 * L);
      FloatVector q0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 3 * L);
      IntVector words = IntVector.fromMemorySegment(Lanes.INTS, w, w0 + c, Lanes.LITTLE);
      FloatVector u = upperBytes(words.lanewise(VectorOperators.LSHL, 24), mask, factor);
      a0 = u.fma(e0, a0);
      u = upperBytes(words.lanewise(VectorOperators.LSHL, 16), mask, factor);
      a0 = u.fma(o0, a0);
      u = upperBytes(words.lanewise(VectorOperators.LSHL, 8), mask, factor);
      a0 = u.fma(p0, a0);
      u = upperBytes(words, mask, factor);
      a0 = u.fma(q0, a0);
    }
    a0.intoArray(scratch, 0);
  }

  static void two(
      float[] x,
      int x0,
      int x1,
      MemorySegment w,
      long w0,
      int columns,
      float[] factors,
      float[] scratch) {
    IntVector mask = IntVector.broadcast(Lanes.INTS, SIGN_AND_MAGNITUDE);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector b0 = a0;
    for (int c = 0; c < columns; c += 4 * L) {
      FloatVector factor = FloatVector.broadcast(Lanes.FLOATS, factors[c / (4 * L)]);
      IntVector words = IntVector.fromMemorySegment(Lanes.INTS, w, w0 + c, Lanes.LITTLE);
      FloatVector u = upperBytes(words.lanewise(VectorOperators.LSHL, 24), mask, factor);
      a0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x0 + c), a0);
      b0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x1 + c), b0);
      u = upperBytes(words.lanewise(VectorOperators.LSHL, 16), mask, factor);
      a0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L), a0);
      b0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + L), b0);
      u = upperBytes(words.lanewise(VectorOperators.LSHL, 8), mask, factor);
      a0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 2 * L), a0);
      b0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + 2 * L), b0);
      u = upperBytes(words, mask, factor);
      a0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 3 * L), a0);
      b0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + 3 * L), b0);
    }
    a0.intoArray(scratch, 0);
    b0.intoArray(scratch, L);
  }

  static void four(
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      MemorySegment w,
      long w0,
      int columns,
      float[] factors,
      float[] scratch) {
    IntVector mask = IntVector.broadcast(Lanes.INTS, SIGN_AND_MAGNITUDE);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector b0 = a0;
    FloatVector c0 = a0;
    FloatVector d0 = a0;
    for (int c = 0; c < columns; c += 4 * L) {
      FloatVector factor = FloatVector.broadcast(Lanes.FLOATS, factors[c / (4 * L)]);
      IntVector words = IntVector.fromMemorySegment(Lanes.INTS, w, w0 + c, Lanes.LITTLE);
      FloatVector u = upperBytes(words.lanewise(VectorOperators.LSHL, 24), mask, factor);
      a0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x0 + c), a0);
      b0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x1 + c), b0);
      c0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x2 + c), c0);
      d0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x3 + c), d0);
      u = upperBytes(words.lanewise(VectorOperators.LSHL, 16), mask, factor);
      a0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L), a0);
      b0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + L), b0);
      c0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x2 + c + L), c0);
      d0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x3 + c + L), d0);
      u = upperBytes(words.lanewise(VectorOperators.LSHL, 8), mask, factor);
      a0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 2 * L), a0);
      b0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + 2 * L), b0);
      c0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x2 + c + 2 * L), c0);
      d0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x3 + c + 2 * L), d0);
      u = upperBytes(words, mask, factor);
      a0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 3 * L), a0);
      b0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + 3 * L), b0);
      c0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x2 + c + 3 * L), c0);
      d0 = u.fma(FloatVector.fromArray(Lanes.FLOATS, x, x3 + c + 3 * L), d0);
    }
    a0.intoArray(scratch, 0);
    b0.intoArray(scratch, L);
    c0.intoArray(scratch, 2 * L);
    d0.intoArray(scratch, 3 * L);
  }

  /** The e4m3 values in the upper bytes of words, times a factor that mends the exponent. */
  static FloatVector upperBytes(IntVector words, IntVector mask, FloatVector factor) {
    return words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats().mul(factor);
  }
}
