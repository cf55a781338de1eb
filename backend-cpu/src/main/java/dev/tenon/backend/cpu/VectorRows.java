package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.DeltaNetWeights;
import jdk.incubator.vector.FloatVector;

/** What is done element by element or row by row, on vectors; the rest of a row one by one. */
final class VectorRows {
  private static final int L = Lanes.COUNT;

  private VectorRows() {}

  static void normalise(float[] x, int from, float[] scale, float epsilon, float[] y, int to) {
    int width = scale.length;
    float factor = (float) (1 / Math.sqrt(squares(x, from, width) / width + epsilon));
    int i = 0;
    for (; i <= width - L; i += L) {
      FloatVector.fromArray(Lanes.FLOATS, x, from + i)
          .mul(factor)
          .mul(FloatVector.fromArray(Lanes.FLOATS, scale, i))
          .intoArray(y, to + i);
    }
    for (; i < width; i++) {
      y[to + i] = x[from + i] * factor * scale[i];
    }
  }

  static void unit(float[] x, int offset, int length, float factor, float epsilon) {
    float by = (float) (factor / Math.sqrt(squares(x, offset, length) + epsilon));
    int i = 0;
    for (; i <= length - L; i += L) {
      FloatVector.fromArray(Lanes.FLOATS, x, offset + i).mul(by).intoArray(x, offset + i);
    }
    for (; i < length; i++) {
      x[offset + i] *= by;
    }
  }

  private static double squares(float[] x, int from, int length) {
    FloatVector sum = FloatVector.zero(Lanes.FLOATS);
    int i = 0;
    for (; i <= length - L; i += L) {
      FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, from + i);
      sum = v.fma(v, sum);
    }
    double total = Lanes.sum(sum);
    for (; i < length; i++) {
      total += (double) x[from + i] * x[from + i];
    }
    return total;
  }

  static void add(float[] sum, float[] term, int from, int to) {
    int i = from;
    for (; i <= to - L; i += L) {
      FloatVector.fromArray(Lanes.FLOATS, sum, i)
          .add(FloatVector.fromArray(Lanes.FLOATS, term, i))
          .intoArray(sum, i);
    }
    for (; i < to; i++) {
      sum[i] += term[i];
    }
  }

  static void gateUp(float[] gate, float[] up, int offset, int length) {
    int i = offset;
    int end = offset + length;
    for (; i <= end - L; i += L) {
      VectorMath.silu(FloatVector.fromArray(Lanes.FLOATS, gate, i))
          .mul(FloatVector.fromArray(Lanes.FLOATS, up, i))
          .intoArray(gate, i);
    }
    for (; i < end; i++) {
      gate[i] = Kernels.silu(gate[i]) * up[i];
    }
  }

  static void silu(float[] x, int offset, int length) {
    int i = offset;
    int end = offset + length;
    for (; i <= end - L; i += L) {
      VectorMath.silu(FloatVector.fromArray(Lanes.FLOATS, x, i)).intoArray(x, i);
    }
    for (; i < end; i++) {
      x[i] = Kernels.silu(x[i]);
    }
  }

  static void gate(
      float[] y,
      int to,
      float[] z,
      int from,
      int length,
      DeltaNetWeights.GateActivation activation) {
    boolean withFactor = activation == DeltaNetWeights.GateActivation.SILU;
    int i = 0;
    for (; i <= length - L; i += L) {
      FloatVector gate = FloatVector.fromArray(Lanes.FLOATS, z, from + i);
      FloatVector value = FloatVector.fromArray(Lanes.FLOATS, y, to + i);
      FloatVector factor = VectorMath.sigmoid(gate);
      value.mul(withFactor ? factor.mul(gate) : factor).intoArray(y, to + i);
    }
    for (; i < length; i++) {
      float gate = z[from + i];
      y[to + i] *= withFactor ? Kernels.silu(gate) : Kernels.sigmoid(gate);
    }
  }

  static void convolve(
      float[] taps, int width, int channels, float[] x, int from, float[] y, int to) {
    int i = 0;
    for (; i <= channels - L; i += L) {
      FloatVector sum = FloatVector.zero(Lanes.FLOATS);
      for (int tap = 0; tap < width; tap++) {
        int at = tap * channels + i;
        sum =
            FloatVector.fromArray(Lanes.FLOATS, taps, at)
                .fma(FloatVector.fromArray(Lanes.FLOATS, x, from + at), sum);
      }
      sum.intoArray(y, to + i);
    }
    for (; i < channels; i++) {
      float sum = 0f;
      for (int tap = 0; tap < width; tap++) {
        int at = tap * channels + i;
        sum = Math.fma(taps[at], x[from + at], sum);
      }
      y[to + i] = sum;
    }
  }
}
