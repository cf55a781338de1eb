package dev.tenon.engine.runtime.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Fills memory with pseudo-random weights that depend on a name and the position alone. */
final class DummyFill {
  /** Standard deviation of the values that {@link #fp8} writes: odd integers −15 … 15. */
  static final double FP8_DEVIATION = Math.sqrt((16 * 16 - 1) / 3.0);

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private DummyFill() {}

  /** Fills with bf16 values, uniform between two bounds in 256 steps. */
  static void bf16(MemorySegment data, String name, double low, double high) {
    long[] table = new long[256];
    for (int i = 0; i < table.length; i++) {
      table[i] = bf16Bits(low + (high - low) * (i + 0.5) / table.length);
    }
    long seed = hash(name);
    long words = data.byteSize() / Long.BYTES;
    for (long word = 0; word < words; word++) {
      data.set(LONG, word * Long.BYTES, four(table, mix(seed + word * GOLDEN)));
    }
    long rest = mix(seed + words * GOLDEN);
    for (long at = words * Long.BYTES; at < data.byteSize(); at += Short.BYTES, rest >>>= 8) {
      data.set(SHORT, at, (short) table[(int) (rest & 0xff)]);
    }
  }

  /** Fills with one bf16 value. */
  static void bf16Constant(MemorySegment data, double value) {
    short bits = (short) bf16Bits(value);
    for (long at = 0; at < data.byteSize(); at += Short.BYTES) {
      data.set(SHORT, at, bits);
    }
  }

  /** Fills with e4m3 values, odd integers −15 … 15. */
  static void fp8(MemorySegment data, String name) {
    long[] table = new long[256];
    for (int i = 0; i < table.length; i++) {
      table[i] = e4m3Bits(2 * (i >> 4) - 15);
    }
    long seed = hash(name);
    long words = data.byteSize() / Long.BYTES;
    for (long word = 0; word < words; word++) {
      data.set(LONG, word * Long.BYTES, eight(table, mix(seed + word * GOLDEN)));
    }
    long rest = mix(seed + words * GOLDEN);
    for (long at = words * Long.BYTES; at < data.byteSize(); at++, rest >>>= 8) {
      data.set(ValueLayout.JAVA_BYTE, at, (byte) table[(int) (rest & 0xff)]);
    }
  }

  /** Well mixed bits of a name. */
  static long hash(String name) {
    return mix(name.hashCode() * GOLDEN);
  }

  private static long four(long[] table, long bits) {
    return table[(int) (bits & 0xff)]
        | table[(int) (bits >>> 8 & 0xff)] << 16
        | table[(int) (bits >>> 16 & 0xff)] << 32
        | table[(int) (bits >>> 24 & 0xff)] << 48;
  }

  private static long eight(long[] table, long bits) {
    long word = 0;
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      word |= table[(int) (bits >>> shift & 0xff)] << shift;
    }
    return word;
  }

  private static long bf16Bits(double value) {
    return Float.floatToRawIntBits((float) value) >>> 16;
  }

  private static long e4m3Bits(int odd) {
    int magnitude = Math.abs(odd);
    int exponent = 31 - Integer.numberOfLeadingZeros(magnitude);
    int mantissa = (magnitude << 3 >> exponent) - 8;
    return (odd < 0 ? 0x80 : 0) | (exponent + 7) << 3 | mantissa;
  }

  private static long mix(long z) {
    long x = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }
}
