package dev.tenon.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of one, two or four rows with four (for four rows two) rows of bf16 weights, two to a
 * word, widened on their way from memory to the registers. The sums are those of {@link
 * ProductTile}, bit by bit.
 *
 * <p>The methods are as long as the compiler bears: beyond that it allocates every vector.
 */
final class PairedWeights {
  private static final int L = Lanes.COUNT;

  /** The second element of a pair. */
  static final int UPPER_HALF = 0xFFFF0000;

  private PairedWeights() {}

  static void one(
      float[] x, int x0, MemorySegment w, long w0, long stride, int columns, float[] scratch) {
    IntVector mask = IntVector.broadcast(Lanes.INTS, UPPER_HALF);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    long w1 = w0 + stride;
    long w2 = w1 + stride;
    long w3 = w2 + stride;
    for (int c = 0; c < columns; c += 2 * L) {
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector o0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      IntVector words = IntVector.fromMemorySegment(Lanes.INTS, w, w0 + 2L * c, Lanes.LITTLE);
      FloatVector u = first(words);
      a0 = u.fma(e0, a0);
      u = second(words, mask);
      a0 = u.fma(o0, a0);
      words = IntVector.fromMemorySegment(Lanes.INTS, w, w1 + 2L * c, Lanes.LITTLE);
      u = first(words);
      a1 = u.fma(e0, a1);
      u = second(words, mask);
      a1 = u.fma(o0, a1);
      words = IntVector.fromMemorySegment(Lanes.INTS, w, w2 + 2L * c, Lanes.LITTLE);
      u = first(words);
      a2 = u.fma(e0, a2);
      u = second(words, mask);
      a2 = u.fma(o0, a2);
      words = IntVector.fromMemorySegment(Lanes.INTS, w, w3 + 2L * c, Lanes.LITTLE);
      u = first(words);
      a3 = u.fma(e0, a3);
      u = second(words, mask);
      a3 = u.fma(o0, a3);
    }
    a0.intoArray(scratch, 0);
    a1.intoArray(scratch, L);
    a2.intoArray(scratch, 2 * L);
    a3.intoArray(scratch, 3 * L);
  }

  static void two(
      float[] x,
      int x0,
      int x1,
      MemorySegment w,
      long w0,
      long stride,
      int columns,
      float[] scratch) {
    IntVector mask = IntVector.broadcast(Lanes.INTS, UPPER_HALF);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    long w1 = w0 + stride;
    long w2 = w1 + stride;
    long w3 = w2 + stride;
    for (int c = 0; c < columns; c += 2 * L) {
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector o0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      FloatVector e1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c);
      FloatVector o1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + L);
      IntVector words = IntVector.fromMemorySegment(Lanes.INTS, w, w0 + 2L * c, Lanes.LITTLE);
      FloatVector u = first(words);
      a0 = u.fma(e0, a0);
      b0 = u.fma(e1, b0);
      u = second(words, mask);
      a0 = u.fma(o0, a0);
      b0 = u.fma(o1, b0);
      words = IntVector.fromMemorySegment(Lanes.INTS, w, w1 + 2L * c, Lanes.LITTLE);
      u = first(words);
      a1 = u.fma(e0, a1);
      b1 = u.fma(e1, b1);
      u = second(words, mask);
      a1 = u.fma(o0, a1);
      b1 = u.fma(o1, b1);
      words = IntVector.fromMemorySegment(Lanes.INTS, w, w2 + 2L * c, Lanes.LITTLE);
      u = first(words);
      a2 = u.fma(e0, a2);
      b2 = u.fma(e1, b2);
      u = second(words, mask);
      a2 = u.fma(o0, a2);
      b2 = u.fma(o1, b2);
      words = IntVector.fromMemorySegment(Lanes.INTS, w, w3 + 2L * c, Lanes.LITTLE);
      u = first(words);
      a3 = u.fma(e0, a3);
      b3 = u.fma(e1, b3);
      u = second(words, mask);
      a3 = u.fma(o0, a3);
      b3 = u.fma(o1, b3);
    }
    a0.intoArray(scratch, 0);
    a1.intoArray(scratch, L);
    a2.intoArray(scratch, 2 * L);
    a3.intoArray(scratch, 3 * L);
    b0.intoArray(scratch, 4 * L);
    b1.intoArray(scratch, 5 * L);
    b2.intoArray(scratch, 6 * L);
    b3.intoArray(scratch, 7 * L);
  }

  static void four(
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      MemorySegment w,
      long w0,
      long stride,
      int columns,
      float[] scratch) {
    IntVector mask = IntVector.broadcast(Lanes.INTS, UPPER_HALF);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    long w1 = w0 + stride;
    for (int c = 0; c < columns; c += 2 * L) {
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector o0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      FloatVector e1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c);
      FloatVector o1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + L);
      FloatVector e2 = FloatVector.fromArray(Lanes.FLOATS, x, x2 + c);
      FloatVector o2 = FloatVector.fromArray(Lanes.FLOATS, x, x2 + c + L);
      FloatVector e3 = FloatVector.fromArray(Lanes.FLOATS, x, x3 + c);
      FloatVector o3 = FloatVector.fromArray(Lanes.FLOATS, x, x3 + c + L);
      IntVector words = IntVector.fromMemorySegment(Lanes.INTS, w, w0 + 2L * c, Lanes.LITTLE);
      FloatVector u = first(words);
      a0 = u.fma(e0, a0);
      b0 = u.fma(e1, b0);
      c0 = u.fma(e2, c0);
      d0 = u.fma(e3, d0);
      u = second(words, mask);
      a0 = u.fma(o0, a0);
      b0 = u.fma(o1, b0);
      c0 = u.fma(o2, c0);
      d0 = u.fma(o3, d0);
      words = IntVector.fromMemorySegment(Lanes.INTS, w, w1 + 2L * c, Lanes.LITTLE);
      u = first(words);
      a1 = u.fma(e0, a1);
      b1 = u.fma(e1, b1);
      c1 = u.fma(e2, c1);
      d1 = u.fma(e3, d1);
      u = second(words, mask);
      a1 = u.fma(o0, a1);
      b1 = u.fma(o1, b1);
      c1 = u.fma(o2, c1);
      d1 = u.fma(o3, d1);
    }
    a0.intoArray(scratch, 0);
    a1.intoArray(scratch, L);
    b0.intoArray(scratch, 2 * L);
    b1.intoArray(scratch, 3 * L);
    c0.intoArray(scratch, 4 * L);
    c1.intoArray(scratch, 5 * L);
    d0.intoArray(scratch, 6 * L);
    d1.intoArray(scratch, 7 * L);
  }

  /** The first of each pair. */
  static FloatVector first(IntVector words) {
    return words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  /** The second of each pair. */
  static FloatVector second(IntVector words, IntVector mask) {
    return words.and(mask).reinterpretAsFloats();
  }
}
