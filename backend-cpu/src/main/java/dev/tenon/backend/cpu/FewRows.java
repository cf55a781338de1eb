package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Products of few rows, as decoding has them: the weights are read from memory once and pass
 * straight through the registers. Weights that no register form fits are widened into the
 * first-level cache.
 */
final class FewRows {
  /** Rows from which on it pays to widen a panel first. */
  static final int MOST = 12;

  /**
   * Outputs of a piece. A quarter or half of them is one of the streams of memory that are read at
   * once, and only a long stream is fetched ahead well. Scales change after 128 outputs.
   */
  static final int PIECE = 256;

  private static final int L = Lanes.COUNT;

  /** 2^80 of the 2^120 that e4m3's exponents lack goes into x, the rest into the results. */
  private static final float BEFORE = 0x1p80f;

  private static final float AFTER = 0x1p40f;

  private final float[] tile = new float[ProductTile.scratchLength()];
  private float[] sums = new float[0];
  private final BlockFactors factors;
  private float[] panel = new float[0];

  FewRows(BlockFactors factors) {
    this.factors = factors;
  }

  /**
   * Outputs {@code first … end − 1} of interleaved rows, {@code stride} apart; where scales are
   * multiplied into activations, all of them have the same scales.
   */
  void multiply(Kernels.Product product, float[] x, int xAt, int stride, int first, int end) {
    HostMatrix weight = product.weight();
    boolean whole = stride == weight.columns();
    if (BlockFactors.servesActivations(weight)) {
      factors.read(weight, first, stride, whole ? BEFORE : 1f);
      float[] scaled = factors.multiply(x, xAt, product.rows(), stride, false);
      if (whole) {
        inPlace(product, scaled, 0, first, end);
      } else {
        widened(product, scaled, 0, stride, first, end);
      }
    } else if (whole && weight.type() == ElementType.BF16) {
      inPlace(product, x, xAt, first, end);
    } else {
      widened(product, x, xAt, stride, first, end);
    }
  }

  /** Some outputs at a time, one of each stream, then one by one what is left. */
  private void inPlace(Kernels.Product product, float[] x, int xAt, int first, int end) {
    int outs = end - first;
    int padded = Math.ceilDiv(outs, L) * L;
    int needed = Math.ceilDiv(product.rows(), 4) * 4 * padded * L;
    if (sums.length < needed) {
      sums = new float[needed];
    }
    int streams = product.rows() > 2 ? 2 : 4;
    int step = outs / streams;
    for (int o = 0; o < step; o++) {
      inRegisters(product, x, xAt, first, o, step, padded);
    }
    for (int o = streams * step; o < outs; o++) {
      inRegisters(product, x, xAt, first, o, 0, padded);
    }
    float factor = product.weight().type() == ElementType.BF16 ? 1f : AFTER;
    for (int row = 0; row < product.rows(); row++) {
      int to = product.yOffset() + row * product.yStride() + first;
      store(row * padded, outs, factor, product.y(), to);
    }
  }

  /** Output {@code first + o} and more, {@code step} apart; with 0 the same again. */
  private void inRegisters(
      Kernels.Product product, float[] x, int xAt, int first, int o, int step, int padded) {
    HostMatrix weight = product.weight();
    MemorySegment data = weight.data();
    RegisterProducts registers = RegisterProducts.of(weight.type());
    int columns = weight.columns();
    long w = (first + o) * weight.rowStride();
    long wStep = step * weight.rowStride();
    int apart = step * L;
    int rowApart = padded * L;
    int at = o * L;
    if (product.rows() == 1) {
      registers.one(x, xAt, data, w, wStep, columns, sums, at, apart);
    } else if (product.rows() == 2) {
      int x1 = xAt + columns;
      registers.two(x, xAt, x1, data, w, wStep, columns, sums, at, apart, rowApart);
    } else {
      int last = xAt + (product.rows() - 1) * columns;
      for (int row = 0; row < product.rows(); row += 4) {
        int x0 = xAt + row * columns;
        int x1 = Math.min(x0 + columns, last);
        int x2 = Math.min(x1 + columns, last);
        int x3 = Math.min(x2 + columns, last);
        int to = at + row * rowApart;
        registers.four(x, x0, x1, x2, x3, data, w, wStep, columns, sums, to, apart, rowApart);
      }
    }
  }

  /** Sums up the lanes of vectors {@code from …} and stores one result of each. */
  private void store(int from, int outs, float factor, float[] y, int to) {
    for (int o = 0; o < outs; o += L) {
      int at = (from + o) * L;
      Lanes.sums(sums, at);
      FloatVector results = FloatVector.fromArray(Lanes.FLOATS, sums, at).mul(factor);
      if (o + L <= outs) {
        results.intoArray(y, to + o);
      } else {
        results.intoArray(sums, at);
        System.arraycopy(sums, at, y, to + o, outs - o);
      }
    }
  }

  /** Through a panel: weights of any kind, rows of any length. */
  private void widened(
      Kernels.Product product, float[] x, int xAt, int stride, int first, int end) {
    for (int out = first; out < end; out += 4) {
      panel(product, x, xAt, stride, out, Math.min(4, end - out));
    }
  }

  private void panel(Kernels.Product product, float[] x, int xAt, int stride, int out, int outs) {
    if (panel.length < 4 * stride) {
      panel = new float[4 * stride];
    }
    for (int o = 0; o < outs; o++) {
      WeightPanel.fill(product.weight(), out + o, panel, o * stride, L);
    }
    for (int row = 0; row < product.rows(); row += 4) {
      int rows = Math.min(4, product.rows() - row);
      int x0 = xAt + row * stride;
      int x1 = x0 + stride;
      if (rows == 1) {
        ProductTile.one(x, x0, panel, 0, stride, stride, tile);
      } else if (rows == 2) {
        ProductTile.two(x, x0, x1, panel, 0, stride, stride, tile);
      } else {
        int x2 = x1 + stride;
        int x3 = rows == 4 ? x2 + stride : x2;
        ProductTile.four(x, x0, x1, x2, x3, panel, 0, stride, stride, tile);
      }
      for (int r = 0; r < rows; r++) {
        int to = product.yOffset() + (row + r) * product.yStride() + out;
        for (int o = 0; o < outs; o++) {
          product.y()[to + o] = ProductTile.sum(tile, 4 * r + o);
        }
      }
    }
  }
}
