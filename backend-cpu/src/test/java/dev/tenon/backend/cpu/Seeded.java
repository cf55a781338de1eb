package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.Randoms;
import java.util.Random;

/** Random test data; the seed is printed, and {@code -Dtests.seed} repeats it. */
final class Seeded {
  private Seeded() {}

  static Random random(String test) {
    return Randoms.create(test);
  }

  static float[] values(Random random, int length, float range) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (2 * random.nextFloat() - 1) * range;
    }
    return values;
  }
}
