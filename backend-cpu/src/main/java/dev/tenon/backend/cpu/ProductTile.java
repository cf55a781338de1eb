package dev.tenon.backend.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * Products of one, two or four rows with four rows of a widened panel. Every (row, output) pair has
 * one vector of partial sums that takes the columns in ascending order, so a result does not depend
 * on what else is computed beside it.
 */
final class ProductTile {
  private static final int L = Lanes.COUNT;

  private ProductTile() {}

  /** Scratch elements that a tile needs. */
  static int scratchLength() {
    return Math.max(Math.ceilDiv(24, L) * L, 16) * L;
  }

  /** Sum of the lanes of vector {@code index} of the scratch. */
  static float sum(float[] scratch, int index) {
    return Lanes.sum(FloatVector.fromArray(Lanes.FLOATS, scratch, index * L));
  }

  static void one(float[] x, int x0, float[] w, int w0, int stride, int length, float[] scratch) {
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    int w1 = w0 + stride;
    int w2 = w1 + stride;
    int w3 = w2 + stride;
    for (int c = 0; c < length; c += L) {
      FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      a0 = FloatVector.fromArray(Lanes.FLOATS, w, w0 + c).fma(v, a0);
      a1 = FloatVector.fromArray(Lanes.FLOATS, w, w1 + c).fma(v, a1);
      a2 = FloatVector.fromArray(Lanes.FLOATS, w, w2 + c).fma(v, a2);
      a3 = FloatVector.fromArray(Lanes.FLOATS, w, w3 + c).fma(v, a3);
    }
    a0.intoArray(scratch, 0);
    a1.intoArray(scratch, L);
    a2.intoArray(scratch, 2 * L);
    a3.intoArray(scratch, 3 * L);
  }

  static void two(
      float[] x, int x0, int x1, float[] w, int w0, int stride, int length, float[] scratch) {
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    int w1 = w0 + stride;
    int w2 = w1 + stride;
    int w3 = w2 + stride;
    for (int c = 0; c < length; c += L) {
      FloatVector v0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector v1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c);
      FloatVector u = FloatVector.fromArray(Lanes.FLOATS, w, w0 + c);
      a0 = u.fma(v0, a0);
      b0 = u.fma(v1, b0);
      u = FloatVector.fromArray(Lanes.FLOATS, w, w1 + c);
      a1 = u.fma(v0, a1);
      b1 = u.fma(v1, b1);
      u = FloatVector.fromArray(Lanes.FLOATS, w, w2 + c);
      a2 = u.fma(v0, a2);
      b2 = u.fma(v1, b2);
      u = FloatVector.fromArray(Lanes.FLOATS, w, w3 + c);
      a3 = u.fma(v0, a3);
      b3 = u.fma(v1, b3);
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
      float[] w,
      int w0,
      int stride,
      int length,
      float[] scratch) {
    FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector c2 = a0;
    FloatVector c3 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    FloatVector d2 = a0;
    FloatVector d3 = a0;
    int w1 = w0 + stride;
    int w2 = w1 + stride;
    int w3 = w2 + stride;
    for (int c = 0; c < length; c += L) {
      FloatVector v0 = FloatVector.fromArray(Lanes.FLOATS, x, x0 + c);
      FloatVector v1 = FloatVector.fromArray(Lanes.FLOATS, x, x1 + c);
      FloatVector v2 = FloatVector.fromArray(Lanes.FLOATS, x, x2 + c);
      FloatVector v3 = FloatVector.fromArray(Lanes.FLOATS, x, x3 + c);
      FloatVector u = FloatVector.fromArray(Lanes.FLOATS, w, w0 + c);
      a0 = u.fma(v0, a0);
      b0 = u.fma(v1, b0);
      c0 = u.fma(v2, c0);
      d0 = u.fma(v3, d0);
      u = FloatVector.fromArray(Lanes.FLOATS, w, w1 + c);
      a1 = u.fma(v0, a1);
      b1 = u.fma(v1, b1);
      c1 = u.fma(v2, c1);
      d1 = u.fma(v3, d1);
      u = FloatVector.fromArray(Lanes.FLOATS, w, w2 + c);
      a2 = u.fma(v0, a2);
      b2 = u.fma(v1, b2);
      c2 = u.fma(v2, c2);
      d2 = u.fma(v3, d2);
      u = FloatVector.fromArray(Lanes.FLOATS, w, w3 + c);
      a3 = u.fma(v0, a3);
      b3 = u.fma(v1, b3);
      c3 = u.fma(v2, c3);
      d3 = u.fma(v3, d3);
    }
    a0.intoArray(scratch, 0);
    a1.intoArray(scratch, L);
    a2.intoArray(scratch, 2 * L);
    a3.intoArray(scratch, 3 * L);
    b0.intoArray(scratch, 4 * L);
    b1.intoArray(scratch, 5 * L);
    b2.intoArray(scratch, 6 * L);
    b3.intoArray(scratch, 7 * L);
    c0.intoArray(scratch, 8 * L);
    c1.intoArray(scratch, 9 * L);
    c2.intoArray(scratch, 10 * L);
    c3.intoArray(scratch, 11 * L);
    d0.intoArray(scratch, 12 * L);
    d1.intoArray(scratch, 13 * L);
    d2.intoArray(scratch, 14 * L);
    d3.intoArray(scratch, 15 * L);
  }
}
