package dev.tenon.backend.cuda.core;

/** bfloat16, the upper half of an f32. */
final class Bf16 {
  private Bf16() {}

  /** Rounds to nearest, ties to even; NaN stays NaN. */
  static short of(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }
}
