package dev.tenon.spi.backend;

/**
 * The noise of sampling, a pure function: the same on every backend, in every batch, after every
 * preemption. 53 bits of the splitmix64 finaliser (Steele, Lea, Flood 2014) over (seed, output
 * index, id).
 */
public final class NoiseStream {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private NoiseStream() {}

  /** Key of one output position; combine with ids by {@link #uniform}. */
  public static long key(long seed, int outputIndex) {
    return mix(mix(seed + GOLDEN) + (outputIndex + 1L) * GOLDEN);
  }

  /** A number in (0, 1): never 0, never 1. */
  public static double uniform(long key, int id) {
    long bits = mix(key + (id + 1L) * GOLDEN) >>> 11;
    return (bits + 0.5) * 0x1p-53;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
