package dev.tenon.engine.tck;

import java.util.Locale;

/**
 * How far results may be from their reference: {@code |actual − expected| ≤ absolute + relative ·
 * max |expected|}, the greatest over the whole array, because a sum's rounding follows the size of
 * its terms and not that of its result.
 *
 * @param relative to the greatest expected magnitude
 * @param absolute whatever the magnitude
 */
public record Tolerance(double relative, double absolute) {
  /** The same numbers, bit by bit up to the sign of zero. */
  public static final Tolerance EXACT = new Tolerance(0, 0);

  /** Relative to the greatest expected magnitude. */
  public static Tolerance relative(double relative) {
    return new Tolerance(relative, 0);
  }

  /**
   * Compares arrays.
   *
   * @throws AssertionError naming the worst element; NaN is never near anything
   */
  public void requireNear(float[] actual, float[] expected, String what) {
    if (actual.length != expected.length) {
      throw new AssertionError(
          "%s has %d elements, not %d".formatted(what, actual.length, expected.length));
    }
    double greatest = 0;
    for (float value : expected) {
      greatest = Math.max(greatest, Math.abs((double) value));
    }
    double bound = absolute + relative * greatest;
    int worst = -1;
    double difference = 0;
    for (int i = 0; i < actual.length; i++) {
      double here = Math.abs((double) actual[i] - expected[i]);
      if (Double.isNaN(here) || here > Math.max(bound, difference)) {
        worst = i;
        difference = here;
        if (Double.isNaN(here)) {
          break;
        }
      }
    }
    if (worst >= 0) {
      throw new AssertionError(
          String.format(
              Locale.ROOT,
              "%s[%d] is %g, expected %g; the bound is %g",
              what,
              worst,
              actual[worst],
              expected[worst],
              bound));
    }
  }
}
