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
 *
 * <p>Each weight row is a segment of its own: with one segment and several offsets into it the
 * compiler keeps their bounds in so many registers that it moves the addresses out and in again in
 * every round.
 */
final class PairedWeights implements RegisterProducts {
  private static final int L = Lanes.COUNT;

  /** The second element of a pair. */
  static final int UPPER_HALF = 0xFFFF0000;

  @Override
  public void one(
      float[] x,
      int x0,
      MemorySegment w,
      long w0,
      long step,
      int columns,
      float[] sums,
      int at,
      int apart) {
    MemorySegment w1 = w.asSlice(w0, 2L * columns);
    MemorySegment w2 = w.asSlice(w0 + step, 2L * columns);
    MemorySegment w3 = w.asSlice(w0 + 2 * step, 2L * columns);
    MemorySegment w4 = w.asSlice(w0 + 3 * step, 2L * columns);
    IntVector mask = IntVector.broadcast(Lanes.INTS, UPPER_HALF);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    for (int c = 0; c < columns; c += 2 * L) {
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector f0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      IntVector words;
      FloatVector u;
      words = IntVector.fromMemorySegment(Lanes.INTS, w1, 2L * c, Lanes.LITTLE);
      u = first(words);
      a0 = u.fma(e0, a0);
      u = second(words, mask);
      a0 = u.fma(f0, a0);
      words = IntVector.fromMemorySegment(Lanes.INTS, w2, 2L * c, Lanes.LITTLE);
      u = first(words);
      a1 = u.fma(e0, a1);
      u = second(words, mask);
      a1 = u.fma(f0, a1);
      words = IntVector.fromMemorySegment(Lanes.INTS, w3, 2L * c, Lanes.LITTLE);
      u = first(words);
      a2 = u.fma(e0, a2);
      u = second(words, mask);
      a2 = u.fma(f0, a2);
      words = IntVector.fromMemorySegment(Lanes.INTS, w4, 2L * c, Lanes.LITTLE);
      u = first(words);
      a3 = u.fma(e0, a3);
      u = second(words, mask);
      a3 = u.fma(f0, a3);
    }
    a0.intoArray(sums, at);
    a1.intoArray(sums, at + apart);
    a2.intoArray(sums, at + 2 * apart);
    a3.intoArray(sums, at + 3 * apart);
  }

  @Override
  public void two(
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
      int rowApart) {
    MemorySegment w1 = w.asSlice(w0, 2L * columns);
    MemorySegment w2 = w.asSlice(w0 + step, 2L * columns);
    MemorySegment w3 = w.asSlice(w0 + 2 * step, 2L * columns);
    MemorySegment w4 = w.asSlice(w0 + 3 * step, 2L * columns);
    IntVector mask = IntVector.broadcast(Lanes.INTS, UPPER_HALF);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    for (int c = 0; c < columns; c += 2 * L) {
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector e1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c);
      FloatVector f0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      FloatVector f1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + L);
      IntVector words;
      FloatVector u;
      words = IntVector.fromMemorySegment(Lanes.INTS, w1, 2L * c, Lanes.LITTLE);
      u = first(words);
      a0 = u.fma(e0, a0);
      b0 = u.fma(e1, b0);
      u = second(words, mask);
      a0 = u.fma(f0, a0);
      b0 = u.fma(f1, b0);
      words = IntVector.fromMemorySegment(Lanes.INTS, w2, 2L * c, Lanes.LITTLE);
      u = first(words);
      a1 = u.fma(e0, a1);
      b1 = u.fma(e1, b1);
      u = second(words, mask);
      a1 = u.fma(f0, a1);
      b1 = u.fma(f1, b1);
      words = IntVector.fromMemorySegment(Lanes.INTS, w3, 2L * c, Lanes.LITTLE);
      u = first(words);
      a2 = u.fma(e0, a2);
      b2 = u.fma(e1, b2);
      u = second(words, mask);
      a2 = u.fma(f0, a2);
      b2 = u.fma(f1, b2);
      words = IntVector.fromMemorySegment(Lanes.INTS, w4, 2L * c, Lanes.LITTLE);
      u = first(words);
      a3 = u.fma(e0, a3);
      b3 = u.fma(e1, b3);
      u = second(words, mask);
      a3 = u.fma(f0, a3);
      b3 = u.fma(f1, b3);
    }
    a0.intoArray(sums, at);
    a1.intoArray(sums, at + apart);
    a2.intoArray(sums, at + 2 * apart);
    a3.intoArray(sums, at + 3 * apart);
    b0.intoArray(sums, at + rowApart);
    b1.intoArray(sums, at + rowApart + apart);
    b2.intoArray(sums, at + rowApart + 2 * apart);
    b3.intoArray(sums, at + rowApart + 3 * apart);
  }

  @Override
  public void four(
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
      int rowApart) {
    MemorySegment w1 = w.asSlice(w0, 2L * columns);
    MemorySegment w2 = w.asSlice(w0 + step, 2L * columns);
    IntVector mask = IntVector.broadcast(Lanes.INTS, UPPER_HALF);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    for (int c = 0; c < columns; c += 2 * L) {
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector e1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c);
      FloatVector e2 = FloatVector.fromArray(Lanes.FLOATS, x, x2 + c);
      FloatVector e3 = FloatVector.fromArray(Lanes.FLOATS, x, x3 + c);
      FloatVector f0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      FloatVector f1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + L);
      FloatVector f2 = FloatVector.fromArray(Lanes.FLOATS, x, x2 + c + L);
      FloatVector f3 = FloatVector.fromArray(Lanes.FLOATS, x, x3 + c + L);
      IntVector words;
      FloatVector u;
      words = IntVector.fromMemorySegment(Lanes.INTS, w1, 2L * c, Lanes.LITTLE);
      u = first(words);
      a0 = u.fma(e0, a0);
      b0 = u.fma(e1, b0);
      c0 = u.fma(e2, c0);
      d0 = u.fma(e3, d0);
      u = second(words, mask);
      a0 = u.fma(f0, a0);
      b0 = u.fma(f1, b0);
      c0 = u.fma(f2, c0);
      d0 = u.fma(f3, d0);
      words = IntVector.fromMemorySegment(Lanes.INTS, w2, 2L * c, Lanes.LITTLE);
      u = first(words);
      a1 = u.fma(e0, a1);
      b1 = u.fma(e1, b1);
      c1 = u.fma(e2, c1);
      d1 = u.fma(e3, d1);
      u = second(words, mask);
      a1 = u.fma(f0, a1);
      b1 = u.fma(f1, b1);
      c1 = u.fma(f2, c1);
      d1 = u.fma(f3, d1);
    }
    a0.intoArray(sums, at);
    a1.intoArray(sums, at + apart);
    b0.intoArray(sums, at + rowApart);
    b1.intoArray(sums, at + rowApart + apart);
    c0.intoArray(sums, at + 2 * rowApart);
    c1.intoArray(sums, at + 2 * rowApart + apart);
    d0.intoArray(sums, at + 3 * rowApart);
    d1.intoArray(sums, at + 3 * rowApart + apart);
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
