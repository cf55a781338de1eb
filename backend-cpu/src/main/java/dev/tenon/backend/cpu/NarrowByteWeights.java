package dev.tenon.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link ByteWeights} for machines with 16 vector registers: two shifts more for each word, but no
 * shifted copies of words to be kept, of which the compiler makes all before it uses any. With 16
 * registers they would push the sums out to the stack in every round.
 */
final class NarrowByteWeights implements RegisterProducts {
  private static final int L = Lanes.COUNT;

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
    MemorySegment w1 = w.asSlice(w0, columns);
    MemorySegment w2 = w.asSlice(w0 + step, columns);
    MemorySegment w3 = w.asSlice(w0 + 2 * step, columns);
    MemorySegment w4 = w.asSlice(w0 + 3 * step, columns);
    IntVector mask = IntVector.broadcast(Lanes.INTS, ByteWeights.SIGN_AND_MAGNITUDE);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    for (int c = 0; c < columns; c += 4 * L) {
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector f0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      FloatVector g0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 2 * L);
      FloatVector h0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 3 * L);
      IntVector words;
      FloatVector u;
      words = IntVector.fromMemorySegment(Lanes.INTS, w1, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a0 = u.fma(e0, a0);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a0 = u.fma(f0, a0);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a0 = u.fma(g0, a0);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a0 = u.fma(h0, a0);
      words = IntVector.fromMemorySegment(Lanes.INTS, w2, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a1 = u.fma(e0, a1);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a1 = u.fma(f0, a1);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a1 = u.fma(g0, a1);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a1 = u.fma(h0, a1);
      words = IntVector.fromMemorySegment(Lanes.INTS, w3, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a2 = u.fma(e0, a2);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a2 = u.fma(f0, a2);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a2 = u.fma(g0, a2);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a2 = u.fma(h0, a2);
      words = IntVector.fromMemorySegment(Lanes.INTS, w4, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a3 = u.fma(e0, a3);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a3 = u.fma(f0, a3);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a3 = u.fma(g0, a3);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a3 = u.fma(h0, a3);
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
    MemorySegment w1 = w.asSlice(w0, columns);
    MemorySegment w2 = w.asSlice(w0 + step, columns);
    MemorySegment w3 = w.asSlice(w0 + 2 * step, columns);
    MemorySegment w4 = w.asSlice(w0 + 3 * step, columns);
    IntVector mask = IntVector.broadcast(Lanes.INTS, ByteWeights.SIGN_AND_MAGNITUDE);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    for (int c = 0; c < columns; c += 4 * L) {
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector e1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c);
      FloatVector f0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      FloatVector f1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + L);
      FloatVector g0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 2 * L);
      FloatVector g1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + 2 * L);
      FloatVector h0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 3 * L);
      FloatVector h1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + 3 * L);
      IntVector words;
      FloatVector u;
      words = IntVector.fromMemorySegment(Lanes.INTS, w1, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a0 = u.fma(e0, a0);
      b0 = u.fma(e1, b0);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a0 = u.fma(f0, a0);
      b0 = u.fma(f1, b0);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a0 = u.fma(g0, a0);
      b0 = u.fma(g1, b0);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a0 = u.fma(h0, a0);
      b0 = u.fma(h1, b0);
      words = IntVector.fromMemorySegment(Lanes.INTS, w2, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a1 = u.fma(e0, a1);
      b1 = u.fma(e1, b1);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a1 = u.fma(f0, a1);
      b1 = u.fma(f1, b1);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a1 = u.fma(g0, a1);
      b1 = u.fma(g1, b1);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a1 = u.fma(h0, a1);
      b1 = u.fma(h1, b1);
      words = IntVector.fromMemorySegment(Lanes.INTS, w3, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a2 = u.fma(e0, a2);
      b2 = u.fma(e1, b2);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a2 = u.fma(f0, a2);
      b2 = u.fma(f1, b2);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a2 = u.fma(g0, a2);
      b2 = u.fma(g1, b2);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a2 = u.fma(h0, a2);
      b2 = u.fma(h1, b2);
      words = IntVector.fromMemorySegment(Lanes.INTS, w4, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a3 = u.fma(e0, a3);
      b3 = u.fma(e1, b3);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a3 = u.fma(f0, a3);
      b3 = u.fma(f1, b3);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a3 = u.fma(g0, a3);
      b3 = u.fma(g1, b3);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a3 = u.fma(h0, a3);
      b3 = u.fma(h1, b3);
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
    MemorySegment w1 = w.asSlice(w0, columns);
    MemorySegment w2 = w.asSlice(w0 + step, columns);
    IntVector mask = IntVector.broadcast(Lanes.INTS, ByteWeights.SIGN_AND_MAGNITUDE);
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    for (int c = 0; c < columns; c += 4 * L) {
      FloatVector e0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector e1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c);
      FloatVector e2 = FloatVector.fromArray(Lanes.FLOATS, x, x2 + c);
      FloatVector e3 = FloatVector.fromArray(Lanes.FLOATS, x, x3 + c);
      FloatVector f0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + L);
      FloatVector f1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + L);
      FloatVector f2 = FloatVector.fromArray(Lanes.FLOATS, x, x2 + c + L);
      FloatVector f3 = FloatVector.fromArray(Lanes.FLOATS, x, x3 + c + L);
      FloatVector g0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 2 * L);
      FloatVector g1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + 2 * L);
      FloatVector g2 = FloatVector.fromArray(Lanes.FLOATS, x, x2 + c + 2 * L);
      FloatVector g3 = FloatVector.fromArray(Lanes.FLOATS, x, x3 + c + 2 * L);
      FloatVector h0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c + 3 * L);
      FloatVector h1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c + 3 * L);
      FloatVector h2 = FloatVector.fromArray(Lanes.FLOATS, x, x2 + c + 3 * L);
      FloatVector h3 = FloatVector.fromArray(Lanes.FLOATS, x, x3 + c + 3 * L);
      IntVector words;
      FloatVector u;
      words = IntVector.fromMemorySegment(Lanes.INTS, w1, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a0 = u.fma(e0, a0);
      b0 = u.fma(e1, b0);
      c0 = u.fma(e2, c0);
      d0 = u.fma(e3, d0);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a0 = u.fma(f0, a0);
      b0 = u.fma(f1, b0);
      c0 = u.fma(f2, c0);
      d0 = u.fma(f3, d0);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a0 = u.fma(g0, a0);
      b0 = u.fma(g1, b0);
      c0 = u.fma(g2, c0);
      d0 = u.fma(g3, d0);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a0 = u.fma(h0, a0);
      b0 = u.fma(h1, b0);
      c0 = u.fma(h2, c0);
      d0 = u.fma(h3, d0);
      words = IntVector.fromMemorySegment(Lanes.INTS, w2, c, Lanes.LITTLE);
      u =
          words
              .lanewise(VectorOperators.LSHL, 24)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a1 = u.fma(e0, a1);
      b1 = u.fma(e1, b1);
      c1 = u.fma(e2, c1);
      d1 = u.fma(e3, d1);
      u =
          words
              .lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a1 = u.fma(f0, a1);
      b1 = u.fma(f1, b1);
      c1 = u.fma(f2, c1);
      d1 = u.fma(f3, d1);
      u =
          words
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .and(mask)
              .reinterpretAsFloats();
      a1 = u.fma(g0, a1);
      b1 = u.fma(g1, b1);
      c1 = u.fma(g2, c1);
      d1 = u.fma(g3, d1);
      u = words.lanewise(VectorOperators.ASHR, 4).and(mask).reinterpretAsFloats();
      a1 = u.fma(h0, a1);
      b1 = u.fma(h1, b1);
      c1 = u.fma(h2, c1);
      d1 = u.fma(h3, d1);
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
}
