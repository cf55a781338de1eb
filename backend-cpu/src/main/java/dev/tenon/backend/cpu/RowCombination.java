package dev.tenon.backend.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * Sums of rows with coefficients, {@code y[i] += Σ_j c[i][j] · b[j]}, j ascending; widths are
 * multiples of the vector length.
 */
final class RowCombination {
  private static final int L = Lanes.COUNT;

  private RowCombination() {}

  /** Adds to {@code rows} rows of y. */
  static void add(
      int rows,
      float[] c,
      int cAt,
      int cStride,
      int count,
      float[] b,
      int bAt,
      int bStride,
      float[] y,
      int yAt,
      int yStride,
      int width) {
    for (int row = 0; row < rows; row += 4) {
      int n = Math.min(4, rows - row);
      int at = cAt + row * cStride;
      int to = yAt + row * yStride;
      four(n, c, at, cStride, count, b, bAt, bStride, y, to, yStride, width);
    }
  }

  /** At most four rows; where there are fewer, the last one is computed several times. */
  static void four(
      int rows,
      float[] c,
      int cAt,
      int cStride,
      int count,
      float[] b,
      int bAt,
      int bStride,
      float[] y,
      int yAt,
      int yStride,
      int width) {
    int c1 = cAt + Math.min(1, rows - 1) * cStride;
    int c2 = cAt + Math.min(2, rows - 1) * cStride;
    int c3 = cAt + (rows - 1) * cStride;
    int y1 = yAt + Math.min(1, rows - 1) * yStride;
    int y2 = yAt + Math.min(2, rows - 1) * yStride;
    int y3 = yAt + (rows - 1) * yStride;
    int i = 0;
    for (; i <= width - 2 * L; i += 2 * L) {
      two(c, cAt, c1, c2, c3, count, b, bAt + i, bStride, y, yAt + i, y1 + i, y2 + i, y3 + i);
    }
    for (; i < width; i += L) {
      one(c, cAt, c1, c2, c3, count, b, bAt + i, bStride, y, yAt + i, y1 + i, y2 + i, y3 + i);
    }
  }

  private static void two(
      float[] c,
      int c0,
      int c1,
      int c2,
      int c3,
      int count,
      float[] b,
      int bAt,
      int bStride,
      float[] y,
      int y0,
      int y1,
      int y2,
      int y3) {
    FloatVector a0 = FloatVector.fromArray(Lanes.FLOATS, y, y0);
    FloatVector a1 = FloatVector.fromArray(Lanes.FLOATS, y, y1);
    FloatVector a2 = FloatVector.fromArray(Lanes.FLOATS, y, y2);
    FloatVector a3 = FloatVector.fromArray(Lanes.FLOATS, y, y3);
    FloatVector d0 = FloatVector.fromArray(Lanes.FLOATS, y, y0 + L);
    FloatVector d1 = FloatVector.fromArray(Lanes.FLOATS, y, y1 + L);
    FloatVector d2 = FloatVector.fromArray(Lanes.FLOATS, y, y2 + L);
    FloatVector d3 = FloatVector.fromArray(Lanes.FLOATS, y, y3 + L);
    for (int j = 0; j < count; j++) {
      FloatVector u = FloatVector.fromArray(Lanes.FLOATS, b, bAt + j * bStride);
      FloatVector v = FloatVector.fromArray(Lanes.FLOATS, b, bAt + j * bStride + L);
      FloatVector f = FloatVector.broadcast(Lanes.FLOATS, c[c0 + j]);
      a0 = u.fma(f, a0);
      d0 = v.fma(f, d0);
      f = FloatVector.broadcast(Lanes.FLOATS, c[c1 + j]);
      a1 = u.fma(f, a1);
      d1 = v.fma(f, d1);
      f = FloatVector.broadcast(Lanes.FLOATS, c[c2 + j]);
      a2 = u.fma(f, a2);
      d2 = v.fma(f, d2);
      f = FloatVector.broadcast(Lanes.FLOATS, c[c3 + j]);
      a3 = u.fma(f, a3);
      d3 = v.fma(f, d3);
    }
    // where rows repeat, all of them hold the same bits
    a0.intoArray(y, y0);
    d0.intoArray(y, y0 + L);
    a1.intoArray(y, y1);
    d1.intoArray(y, y1 + L);
    a2.intoArray(y, y2);
    d2.intoArray(y, y2 + L);
    a3.intoArray(y, y3);
    d3.intoArray(y, y3 + L);
  }

  private static void one(
      float[] c,
      int c0,
      int c1,
      int c2,
      int c3,
      int count,
      float[] b,
      int bAt,
      int bStride,
      float[] y,
      int y0,
      int y1,
      int y2,
      int y3) {
    FloatVector a0 = FloatVector.fromArray(Lanes.FLOATS, y, y0);
    FloatVector a1 = FloatVector.fromArray(Lanes.FLOATS, y, y1);
    FloatVector a2 = FloatVector.fromArray(Lanes.FLOATS, y, y2);
    FloatVector a3 = FloatVector.fromArray(Lanes.FLOATS, y, y3);
    for (int j = 0; j < count; j++) {
      FloatVector u = FloatVector.fromArray(Lanes.FLOATS, b, bAt + j * bStride);
      a0 = u.fma(FloatVector.broadcast(Lanes.FLOATS, c[c0 + j]), a0);
      a1 = u.fma(FloatVector.broadcast(Lanes.FLOATS, c[c1 + j]), a1);
      a2 = u.fma(FloatVector.broadcast(Lanes.FLOATS, c[c2 + j]), a2);
      a3 = u.fma(FloatVector.broadcast(Lanes.FLOATS, c[c3 + j]), a3);
    }
    a0.intoArray(y, y0);
    a1.intoArray(y, y1);
    a2.intoArray(y, y2);
    a3.intoArray(y, y3);
  }
}
