package dev.tenon.distribution.bench;

import java.util.SplittableRandom;

/** When requests arrive: gaps of a gamma distribution, exponential where its shape is 1. */
final class Arrivals {
  private static final double NANOS = 1e9;

  private Arrivals() {}

  /** Nanoseconds after the start at which each request is sent. */
  static long[] of(LoadPlan plan) {
    long[] times = new long[plan.requests()];
    if (Double.isInfinite(plan.requestRate())) {
      return times;
    }
    SplittableRandom random = new SplittableRandom(plan.seed() ^ 0x9E3779B97F4A7C15L);
    double scale = 1 / (plan.requestRate() * plan.burstiness());
    double time = 0;
    for (int i = 1; i < times.length; i++) {
      time += gamma(random, plan.burstiness()) * scale;
      times[i] = (long) (time * NANOS);
    }
    return times;
  }

  /** Marsaglia and Tsang, A simple method for generating gamma variables, 2000. */
  private static double gamma(SplittableRandom random, double shape) {
    if (shape < 1) {
      return gamma(random, shape + 1) * Math.pow(1 - random.nextDouble(), 1 / shape);
    }
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double normal = random.nextGaussian();
      double root = 1 + c * normal;
      double cube = root * root * root;
      double uniform = 1 - random.nextDouble();
      if (cube > 0 && Math.log(uniform) < normal * normal / 2 + d - d * cube + d * Math.log(cube)) {
        return d * cube;
      }
    }
  }
}
