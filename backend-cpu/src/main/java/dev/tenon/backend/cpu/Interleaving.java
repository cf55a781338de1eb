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

  /**
   * Brings a row of f32 into this order.
   *
   * @param step distance from one vector of the result to the next
   */
  static void interleave(
      ElementType type,
      float[] from,
      int fromOffset,
      int columns,
      float[] to,
      int toOffset,
      int step) {
    int streams = streams(type);
    int block = streams * L;
    int done = 0;
    int at = toOffset;
    for (; done <= columns - block; done += block) {
      switch (streams) {
        case 1 -> FloatVector.fromArray(Lanes.FLOATS, from, fromOffset + done).intoArray(to, at);
        case 2 -> byTwo(from, fromOffset + done, to, at, step);
        default -> byFour(from, fromOffset + done, to, at, step);
      }
      at += streams * step;
    }
    if (done < columns) {
      for (int i = 0; i < block; i++) {
        int place = place(streams, i);
        to[at + place / L * step + place % L] =
            done + i < columns ? from[fromOffset + done + i] : 0f;
      }
    }
  }

  private static void byTwo(float[] from, int at, float[] to, int toAt, int step) {
    FloatVector a = FloatVector.fromArray(Lanes.FLOATS, from, at);
    FloatVector b = FloatVector.fromArray(Lanes.FLOATS, from, at + L);
    joined(a.rearrange(EVEN), b.rearrange(EVEN)).intoArray(to, toAt);
    joined(a.rearrange(ODD), b.rearrange(ODD)).intoArray(to, toAt + step);
  }

  private static void byFour(float[] from, int at, float[] to, int toAt, int step) {
    FloatVector a = FloatVector.fromArray(Lanes.FLOATS, from, at);
    FloatVector b = FloatVector.fromArray(Lanes.FLOATS, from, at + L);
    FloatVector c = FloatVector.fromArray(Lanes.FLOATS, from, at + 2 * L);
    FloatVector d = FloatVector.fromArray(Lanes.FLOATS, from, at + 3 * L);
    FloatVector evenLow = joined(a.rearrange(EVEN), b.rearrange(EVEN));
    FloatVector evenHigh = joined(c.rearrange(EVEN), d.rearrange(EVEN));
    FloatVector oddLow = joined(a.rearrange(ODD), b.rearrange(ODD));
    FloatVector oddHigh = joined(c.rearrange(ODD), d.rearrange(ODD));
    joined(evenLow.rearrange(EVEN), evenHigh.rearrange(EVEN)).intoArray(to, toAt);
    joined(oddLow.rearrange(EVEN), oddHigh.rearrange(EVEN)).intoArray(to, toAt + step);
    joined(evenLow.rearrange(ODD), evenHigh.rearrange(ODD)).intoArray(to, toAt + 2 * step);
    joined(oddLow.rearrange(ODD), oddHigh.rearrange(ODD)).intoArray(to, toAt + 3 * step);
  }

  /** The lower half of {@code low}'s lanes, then the upper half of {@code high}'s. */
  private static FloatVector joined(FloatVector low, FloatVector high) {
    return low.blend(high, UPPER);
  }
}
