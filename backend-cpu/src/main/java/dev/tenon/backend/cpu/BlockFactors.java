package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Block scales, multiplied into the activations instead of into the weights: {@code Σ (x · s) · w}.
 * All outputs of a block row share the multiplied activations, so that a weight costs no
 * multiplication of its own. Scratch of one thread.
 */
final class BlockFactors {
  private static final int L = Lanes.COUNT;

  private float[] factors = new float[0];
  private float[] scaled = new float[0];

  /** Whether products with these weights work so: no scale may change within a word vector. */
  static boolean servesActivations(HostMatrix weight) {
    BlockScale scale = weight.scale();
    return weight.type() == ElementType.F8_E4M3
        && scale != null
        && scale.blockColumns() % (4 * L) == 0
        && scale.firstColumn() % (4 * L) == 0;
  }

  /** The first output after {@code out} that has other scales, at most {@code end}. */
  static int sameScales(HostMatrix weight, int out, int end) {
    BlockScale scale = weight.scale();
    if (scale == null || !servesActivations(weight)) {
      return end;
    }
    int within = (scale.firstRow() + out) % scale.blockRows();
    return Math.min(end, out + scale.blockRows() - within);
  }

  /**
   * Reads the scales of an output.
   *
   * @param stride elements of a padded row
   * @param by factor of all of them
   */
  void read(HostMatrix weight, int out, int stride, float by) {
    int steps = stride / (4 * L);
    if (factors.length < steps) {
      factors = new float[steps];
    }
    BlockScale scale = weight.scale();
    if (scale == null) {
      throw new IllegalStateException(weight.name() + " has no scales");
    }
    long index = MatrixElements.scaleIndex(scale, out, 0);
    int perBlock = scale.blockColumns() / (4 * L);
    int left = perBlock - scale.firstColumn() / (4 * L) % perBlock;
    int step = 0;
    while (step < steps) {
      int end = Math.min(steps, step + left);
      Arrays.fill(factors, step, end, MatrixElements.scale(scale, index++) * by);
      step = end;
      left = perBlock;
    }
  }

  /**
   * Multiplies rows of interleaved activations.
   *
   * @param rows how many
   * @param packed whether the rows' vectors alternate, as {@link WideTile} reads them
   * @return the products in the same order from element 0 on, until the next call
   */
  float[] multiply(float[] x, int xAt, int rows, int stride, boolean packed) {
    if (scaled.length < rows * stride) {
      scaled = new float[rows * stride];
    }
    int steps = stride / (4 * L);
    int together = packed ? 4 * L * rows : 4 * L;
    for (int at = 0; at < rows * stride; at += steps * together) {
      multiply(x, xAt + at, factors, steps, together, scaled, at);
    }
    return scaled;
  }

  private static void multiply(
      float[] x, int xAt, float[] factors, int steps, int together, float[] y, int yAt) {
    for (int step = 0; step < steps; step++) {
      FloatVector factor = FloatVector.broadcast(Lanes.FLOATS, factors[step]);
      int from = step * together;
      for (int i = from; i < from + together; i += L) {
        FloatVector.fromArray(Lanes.FLOATS, x, xAt + i).mul(factor).intoArray(y, yAt + i);
      }
    }
  }
}
