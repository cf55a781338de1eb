package dev.tenon.engine.tck.golden;

import java.nio.charset.StandardCharsets;

/**
 * Weights that are a function of their tensor's name and their index: a splitmix64 stream (Steele,
 * Lea, Flood 2014) seeded with the name's 64-bit FNV-1a hash, shaped by what the name says.
 */
final class FormulaValues {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private FormulaValues() {}

  /** Element {@code index} of the stream of a name: 64 bits. */
  static long bits(long seed, long index) {
    long z = seed + (index + 1) * GOLDEN;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  static long seed(String name) {
    long hash = 0xCBF29CE484222325L;
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001B3L;
    }
    return hash;
  }

  /** The seven bits that decide a weight: 0 … 127. */
  static int seven(long seed, long index) {
    return (int) (bits(seed, index) >>> 57);
  }

  /** The 128 values that a plain tensor's weights take, by their seven bits. */
  static float[] table(String name, long lastExtent) {
    float[] values = new float[128];
    for (int k = 0; k < values.length; k++) {
      values[k] = value(name, k, lastExtent);
    }
    return values;
  }

  private static float value(String name, int k, long lastExtent) {
    float odd = 2 * k - 127;
    if (name.endsWith("linear_attn.norm.weight")) {
      return 1 + ((k >> 2) - 16) / 64f;
    }
    if (name.endsWith("norm.weight")
        || name.contains("layernorm")
        || name.contains("pre_fc_norm")) {
      return odd / 1024;
    }
    if (name.endsWith("A_log")) {
      return -4 + k / 32f;
    }
    if (name.endsWith("dt_bias") || name.endsWith("conv1d.weight")) {
      return odd / 128;
    }
    if (name.endsWith("embed_tokens.weight")) {
      return odd / 64;
    }
    return odd * Math.scalb(1f, -exponent(lastExtent));
  }

  /** 6 + ⌈log₂(fanIn) / 2⌉. */
  static int exponent(long fanIn) {
    int half = 0;
    while (1L << (2 * half) < fanIn) {
      half++;
    }
    return 6 + half;
  }

  /** The e4m3 bytes of the odd values −15 … 15 that FP8 tensors take, by their seven bits. */
  static byte[] e4m3Table() {
    byte[] bytes = new byte[128];
    for (int k = 0; k < bytes.length; k++) {
      int odd = 2 * (k >> 3) - 15;
      int magnitude = Math.abs(odd);
      int exponent = 31 - Integer.numberOfLeadingZeros(magnitude);
      int mantissa = (magnitude << 3 >> exponent) - 8;
      bytes[k] = (byte) ((odd < 0 ? 0x80 : 0) | ((exponent + 7) << 3) | mantissa);
    }
    return bytes;
  }

  /** The 128 values that block scales take, by the seven bits of the scale's own name. */
  static float[] scaleTable(long lastExtent) {
    float[] values = new float[128];
    for (int k = 0; k < values.length; k++) {
      values[k] = (1 + (k >> 4) / 8f) * Math.scalb(1f, 3 - exponent(lastExtent));
    }
    return values;
  }
}
