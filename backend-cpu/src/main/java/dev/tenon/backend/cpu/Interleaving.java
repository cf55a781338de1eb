package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.ElementType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * The order of a row's elements in which weights fall out of 32-bit words: of each block of {@code
 * streams · lanes} elements first those that stand first in their word, then the second ones, and
 * so on. Products take their sums in this order, in each lane by itself; rows are padded with zeros
 * to whole blocks.
 */
final class Interleaving {
  private static final int L = Lanes.COUNT;
  private static final VectorShuffle<Float> EVEN =
      VectorShuffle.fromOp(Lanes.FLOATS, i -> 2 * i % L);
  private static final VectorShuffle<Float> ODD =
      VectorShuffle.fromOp(Lanes.FLOATS, i -> (2 * i + 1) % L);
  private static final VectorMask<Float> UPPER = Lanes.FLOATS.indexInRange(-L / 2, L);

  private Interleaving() {}

  /** Elements per 32-bit word. */
  static int streams(ElementType type) {
    return 4 / type.bytes();
  }

  /** Elements of a padded row. */
  static int paddedLength(ElementType type, int columns) {
    int block = streams(type) * L;
    return Math.ceilDiv(columns, block) * block;
  }

  /** Where a column stands. */
  static int place(int streams, int column) {
    int block = streams * L;
    int within = column % block;
    return column - within + within % streams * L + within / streams;
  }

  /** Brings a row of f32 into this order. */
  static void interleave(
      ElementType type, float[] from, int fromOffset, int columns, float[] to, int toOffset) {
    int streams = streams(type);
    int done =
        switch (streams) {
          case 1 -> copy(from, fromOffset, columns, to, toOffset);
          case 2 -> byTwo(from, fromOffset, columns, to, toOffset);
          default -> byFour(from, fromOffset, columns, to, toOffset);
        };
    int padded = paddedLength(type, columns);
    for (int i = done; i < padded; i++) {
      to[toOffset + i] = 0f;
    }
    for (int i = done; i < columns; i++) {
      to[toOffset + place(streams, i)] = from[fromOffset + i];
    }
  }

  private static int copy(float[] from, int fromOffset, int columns, float[] to, int toOffset) {
    System.arraycopy(from, fromOffset, to, toOffset, columns);
    return columns;
  }

  private static int byTwo(float[] from, int fromOffset, int columns, float[] to, int toOffset) {
    int done = 0;
    for (; done <= columns - 2 * L; done += 2 * L) {
      FloatVector a = FloatVector.fromArray(Lanes.FLOATS, from, fromOffset + done);
      FloatVector b = FloatVector.fromArray(Lanes.FLOATS, from, fromOffset + done + L);
      joined(a.rearrange(EVEN), b.rearrange(EVEN)).intoArray(to, toOffset + done);
      joined(a.rearrange(ODD), b.rearrange(ODD)).intoArray(to, toOffset + done + L);
    }
    return done;
  }

  private static int byFour(float[] from, int fromOffset, int columns, float[] to, int toOffset) {
    int done = 0;
    for (; done <= columns - 4 * L; done += 4 * L) {
      FloatVector a = FloatVector.fromArray(Lanes.FLOATS, from, fromOffset + done);
      FloatVector b = FloatVector.fromArray(Lanes.FLOATS, from, fromOffset + done + L);
      FloatVector c = FloatVector.fromArray(Lanes.FLOATS, from, fromOffset + done + 2 * L);
      FloatVector d = FloatVector.fromArray(Lanes.FLOATS, from, fromOffset + done + 3 * L);
      FloatVector evenLow = joined(a.rearrange(EVEN), b.rearrange(EVEN));
      FloatVector evenHigh = joined(c.rearrange(EVEN), d.rearrange(EVEN));
      FloatVector oddLow = joined(a.rearrange(ODD), b.rearrange(ODD));
      FloatVector oddHigh = joined(c.rearrange(ODD), d.rearrange(ODD));
      int at = toOffset + done;
      joined(evenLow.rearrange(EVEN), evenHigh.rearrange(EVEN)).intoArray(to, at);
      joined(oddLow.rearrange(EVEN), oddHigh.rearrange(EVEN)).intoArray(to, at + L);
      joined(evenLow.rearrange(ODD), evenHigh.rearrange(ODD)).intoArray(to, at + 2 * L);
      joined(oddLow.rearrange(ODD), oddHigh.rearrange(ODD)).intoArray(to, at + 3 * L);
    }
    return done;
  }

  /** The lower half of {@code low}'s lanes, then the upper half of {@code high}'s. */
  private static FloatVector joined(FloatVector low, FloatVector high) {
    return low.blend(high, UPPER);
  }
}
