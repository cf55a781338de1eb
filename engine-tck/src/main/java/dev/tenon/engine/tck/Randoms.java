package dev.tenon.engine.tck;

import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;

/** Random numbers for tests, with their seed printed. {@code -Dtests.seed=<seed>} repeats a run. */
public final class Randoms {
  private Randoms() {}

  /** A generator whose seed is printed together with the test's name. */
  public static Random create(String test) {
    Long given = Long.getLong("tests.seed");
    long seed = given == null ? ThreadLocalRandom.current().nextLong() : given;
    System.out.println(test + ": -Dtests.seed=" + seed);
    return new Random(seed);
  }
}
