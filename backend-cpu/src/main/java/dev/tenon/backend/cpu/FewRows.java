package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import org.jspecify.annotations.Nullable;

/**
 * Products of few rows, as decoding has them: the weights are read from memory once and pass
 * straight through the registers. Weights that no register form fits are widened into the
 * first-level cache.
 */
final class FewRows {
  /** Rows from which on it pays to widen a panel first. */
  static final int MOST = 12;

  /** Outputs of a piece. */
  static final int PIECE = 32;

  private static final int L = Lanes.COUNT;

  private final float[] sums = new float[ProductTile.scratchLength()];
  private float[] panel = new float[0];
  private float[] factors = new float[0];
  private @Nullable HostMatrix factorsOf;
  private int factorsRow;

  /** Outputs {@code first … end − 1} of interleaved rows, {@code stride} apart. */
  void multiply(Kernels.Product product, float[] x, int xAt, int stride, int first, int end) {
    HostMatrix weight = product.weight();
    boolean whole = stride == weight.columns();
    if (whole && weight.type() == ElementType.BF16) {
      int out = first;
      for (; out <= end - 4; out += 4) {
        pairs(product, x, xAt, out, 4);
      }
      for (; out < end; out++) {
        pairs(product, x, xAt, out, 1);
      }
    } else if (whole && weight.scale() != null && WeightPanel.vectorsShareScales(weight.scale())) {
      for (int out = first; out < end; out++) {
        bytes(product, x, xAt, out);
      }
    } else {
      for (int out = first; out < end; out += 4) {
        widened(product, x, xAt, stride, out, Math.min(4, end - out));
      }
    }
  }

  /** Four outputs, or one, which then is computed several times. */
  private void pairs(Kernels.Product product, float[] x, int xAt, int out, int outs) {
    HostMatrix weight = product.weight();
    int columns = weight.columns();
    long step = outs == 4 ? weight.rowStride() : 0;
    long w = out * weight.rowStride();
    for (int row = 0; row < product.rows(); row += 4) {
      int rows = Math.min(4, product.rows() - row);
      int x0 = xAt + row * columns;
      int x1 = x0 + columns;
      if (rows == 1) {
        PairedWeights.one(x, x0, weight.data(), w, step, columns, sums);
        store(product, row, 1, out, outs, 4);
      } else if (rows == 2) {
        PairedWeights.two(x, x0, x1, weight.data(), w, step, columns, sums);
        store(product, row, 2, out, outs, 4);
      } else {
        int x2 = x1 + columns;
        int x3 = rows == 4 ? x2 + columns : x2;
        PairedWeights.four(x, x0, x1, x2, x3, weight.data(), w, step, columns, sums);
        store(product, row, rows, out, Math.min(2, outs), 2);
        if (outs == 4) {
          PairedWeights.four(x, x0, x1, x2, x3, weight.data(), w + 2 * step, step, columns, sums);
          store(product, row, rows, out + 2, 2, 2);
        }
      }
    }
  }

  private void bytes(Kernels.Product product, float[] x, int xAt, int out) {
    HostMatrix weight = product.weight();
    int columns = weight.columns();
    long w = out * weight.rowStride();
    readFactors(weight, out);
    for (int row = 0; row < product.rows(); row += 4) {
      int rows = Math.min(4, product.rows() - row);
      int x0 = xAt + row * columns;
      int x1 = x0 + columns;
      if (rows == 1) {
        ByteWeights.one(x, x0, weight.data(), w, columns, factors, sums);
      } else if (rows == 2) {
        ByteWeights.two(x, x0, x1, weight.data(), w, columns, factors, sums);
      } else {
        int x2 = x1 + columns;
        int x3 = rows == 4 ? x2 + columns : x2;
        ByteWeights.four(x, x0, x1, x2, x3, weight.data(), w, columns, factors, sums);
      }
      store(product, row, rows, out, 1, 1);
    }
  }

  private void readFactors(HostMatrix weight, int out) {
    BlockScale scale = weight.scale();
    int row = scale == null ? 0 : (scale.firstRow() + out) / scale.blockRows();
    if (weight == factorsOf && row == factorsRow) {
      return;
    }
    factorsOf = weight;
    factorsRow = row;
    int steps = weight.columns() / (4 * L);
    if (factors.length < steps) {
      factors = new float[steps];
    }
    if (scale != null) {
      int step = 0;
      while (step < steps) {
        int column = step * 4 * L;
        int within = (scale.firstColumn() + column) % scale.blockColumns();
        int next = column + scale.blockColumns() - within;
        float factor = MatrixElements.scale(scale, out, column) * 0x1p120f;
        for (; step < steps && step * 4 * L < next; step++) {
          factors[step] = factor;
        }
      }
    }
  }

  private void widened(Kernels.Product product, float[] x, int xAt, int stride, int out, int outs) {
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
        ProductTile.one(x, x0, panel, 0, stride, stride, sums);
      } else if (rows == 2) {
        ProductTile.two(x, x0, x1, panel, 0, stride, stride, sums);
      } else {
        int x2 = x1 + stride;
        int x3 = rows == 4 ? x2 + stride : x2;
        ProductTile.four(x, x0, x1, x2, x3, panel, 0, stride, stride, sums);
      }
      store(product, row, rows, out, outs, 4);
    }
  }

  /** Takes the sums of vectors {@code perRow · r + o}. */
  private void store(Kernels.Product product, int row, int rows, int out, int outs, int perRow) {
    for (int r = 0; r < rows; r++) {
      int to = product.yOffset() + (row + r) * product.yStride() + out;
      for (int o = 0; o < outs; o++) {
        product.y()[to + o] = ProductTile.sum(sums, perRow * r + o);
      }
    }
  }
}
