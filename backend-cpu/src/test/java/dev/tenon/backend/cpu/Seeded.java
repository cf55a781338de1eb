package dev.tenon.backend.cpu;

import java.util.Random;

/** Random test data; the seed is printed, and {@code -Dtests.seed} repeats it. */
final class Seeded {
  private static final long SEED = Long.getLong("tests.seed", System.nanoTime());

  private Seeded() {}

  static Random random(String test) {
    System.out.println(test + ": -Dtests.seed=" + SEED);
    return new Random(SEED ^ test.hashCode());
  }

  static float[] values(Random random, int length, float range) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (2 * random.nextFloat() - 1) * range;
    }
    return values;
  }
}
