package dev.tenon.engine.runtime.admission;

import dev.tenon.api.TenonException;

/** Range checks that name the field, its value and the range. */
final class Checks {
  private Checks() {}

  static double within(String name, double value, double least, double greatest) {
    if (!(value >= least && value <= greatest)) {
      throw wrong(name, value, "between %s and %s".formatted(plain(least), plain(greatest)));
    }
    return value;
  }

  static double above(String name, double value, double bound) {
    if (!(value > bound) || Double.isInfinite(value)) {
      throw wrong(name, value, "a finite number greater than " + plain(bound));
    }
    return value;
  }

  static int within(String name, int value, int least, int greatest) {
    if (value < least || value > greatest) {
      throw wrong(name, value, "from %d to %d".formatted(least, greatest));
    }
    return value;
  }

  static int atLeast(String name, int value, int least) {
    if (value < least) {
      throw wrong(name, value, "at least " + least);
    }
    return value;
  }

  static void id(String name, int id, int vocabularySize) {
    if (id < 0 || id >= vocabularySize) {
      throw TenonException.invalid(
          name,
          "%s contains token id %d, which the model does not have; ids are 0 to %d"
              .formatted(name, id, vocabularySize - 1));
    }
  }

  /** Refuses halves of surrogate pairs, which no encoding can express. */
  static void wellFormed(String name, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw TenonException.invalid(
            name,
            "%s has half of a surrogate pair (U+%04X) at character %d; send whole characters"
                .formatted(name, (int) c, i));
      }
    }
  }

  private static TenonException wrong(String name, Object value, String right) {
    return TenonException.invalid(name, "%s must be %s, got %s".formatted(name, right, value));
  }

  private static String plain(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
