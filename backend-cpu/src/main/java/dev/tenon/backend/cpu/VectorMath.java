package dev.tenon.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Exponentials on vectors, by arithmetic alone: the same bits on every machine. */
final class VectorMath {
  private static final float LEAST = -87.33f;
  private static final float GREATEST = 88.72f;
  private static final float LOG2_E = 1.442695041f;
  // ln 2 in two parts, of which multiples of the first are exact
  private static final float LN2_HIGH = 0.693359375f;
  private static final float LN2_LOW = -2.12194440e-4f;
  // adding it leaves the nearest integer in the low bits of the mantissa
  private static final float ROUNDER = 12582912f;
  private static final int ROUNDER_BITS = Float.floatToRawIntBits(ROUNDER);

  private VectorMath() {}

  /**
   * eˣ, relative error below 3e-7; arguments below −87.33 count as −87.33, above 88.72 as 88.72.
   * The polynomial is that of Cephes' expf (Moshier).
   */
  static FloatVector exp(FloatVector argument) {
    FloatVector x = argument.max(LEAST).min(GREATEST);
    FloatVector shifted = x.mul(LOG2_E).add(ROUNDER);
    FloatVector n = shifted.sub(ROUNDER);
    FloatVector r = n.mul(-LN2_HIGH).add(x);
    r = n.mul(-LN2_LOW).add(r);
    FloatVector p = r.mul(1.9875691500e-4f).add(1.3981999507e-3f);
    p = p.mul(r).add(8.3334519073e-3f);
    p = p.mul(r).add(4.1665795894e-2f);
    p = p.mul(r).add(1.6666665459e-1f);
    p = p.mul(r).add(5.0000001201e-1f);
    p = p.mul(r.mul(r)).add(r).add(1f);
    FloatVector power =
        shifted
            .reinterpretAsInts()
            .lanewise(VectorOperators.ADD, 127 - ROUNDER_BITS)
            .lanewise(VectorOperators.LSHL, 23)
            .reinterpretAsFloats();
    return p.mul(power);
  }

  /** σ(x). */
  static FloatVector sigmoid(FloatVector x) {
    FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
    return one.div(exp(x.neg()).add(1f));
  }

  /** x·σ(x). */
  static FloatVector silu(FloatVector x) {
    return x.div(exp(x.neg()).add(1f));
  }
}
