package dev.tenon.backend.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * Products of six rows with four outputs. Rows and weights are packed vector by vector, so that
 * each is one ascending stream; the sums are those of {@link ProductTile}, bit by bit.
 */
final class WideTile {
  /** Rows of a tile. */
  static final int ROWS = 6;

  /** Outputs of a tile. */
  static final int OUTPUTS = 4;

  private static final int L = Lanes.COUNT;

  private WideTile() {}

  /** Leaves the vector of row r and output o at vector {@code 4 · r + o} of the scratch. */
  static void multiply(float[] x, int xAt, float[] w, int wAt, int steps, float[] scratch) {
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
    FloatVector e0 = a0;
    FloatVector e1 = a0;
    FloatVector e2 = a0;
    FloatVector e3 = a0;
    FloatVector f0 = a0;
    FloatVector f1 = a0;
    FloatVector f2 = a0;
    FloatVector f3 = a0;
    for (int k = 0; k < steps; k++) {
      int p = xAt + k * (ROWS * L);
      int q = wAt + k * (OUTPUTS * L);
      FloatVector u0 = FloatVector.fromArray(Lanes.FLOATS, w, q + 0 * L);
      FloatVector u1 = FloatVector.fromArray(Lanes.FLOATS, w, q + 1 * L);
      FloatVector u2 = FloatVector.fromArray(Lanes.FLOATS, w, q + 2 * L);
      FloatVector u3 = FloatVector.fromArray(Lanes.FLOATS, w, q + 3 * L);
      FloatVector v0 = FloatVector.fromArray(Lanes.FLOATS, x, p + 0 * L);
      a0 = u0.fma(v0, a0);
      a1 = u1.fma(v0, a1);
      a2 = u2.fma(v0, a2);
      a3 = u3.fma(v0, a3);
      FloatVector v1 = FloatVector.fromArray(Lanes.FLOATS, x, p + 1 * L);
      b0 = u0.fma(v1, b0);
      b1 = u1.fma(v1, b1);
      b2 = u2.fma(v1, b2);
      b3 = u3.fma(v1, b3);
      FloatVector v2 = FloatVector.fromArray(Lanes.FLOATS, x, p + 2 * L);
      c0 = u0.fma(v2, c0);
      c1 = u1.fma(v2, c1);
      c2 = u2.fma(v2, c2);
      c3 = u3.fma(v2, c3);
      FloatVector v3 = FloatVector.fromArray(Lanes.FLOATS, x, p + 3 * L);
      d0 = u0.fma(v3, d0);
      d1 = u1.fma(v3, d1);
      d2 = u2.fma(v3, d2);
      d3 = u3.fma(v3, d3);
      FloatVector v4 = FloatVector.fromArray(Lanes.FLOATS, x, p + 4 * L);
      e0 = u0.fma(v4, e0);
      e1 = u1.fma(v4, e1);
      e2 = u2.fma(v4, e2);
      e3 = u3.fma(v4, e3);
      FloatVector v5 = FloatVector.fromArray(Lanes.FLOATS, x, p + 5 * L);
      f0 = u0.fma(v5, f0);
      f1 = u1.fma(v5, f1);
      f2 = u2.fma(v5, f2);
      f3 = u3.fma(v5, f3);
    }
    a0.intoArray(scratch, 0 * L);
    a1.intoArray(scratch, 1 * L);
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
    e0.intoArray(scratch, 16 * L);
    e1.intoArray(scratch, 17 * L);
    e2.intoArray(scratch, 18 * L);
    e3.intoArray(scratch, 19 * L);
    f0.intoArray(scratch, 20 * L);
    f1.intoArray(scratch, 21 * L);
    f2.intoArray(scratch, 22 * L);
    f3.intoArray(scratch, 23 * L);
  }
}
