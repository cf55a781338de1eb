package dev.tenon.engine.runtime.opening;

import java.util.Locale;

/** Bytes and counts as people read them. */
final class Sizes {
  private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB"};

  private Sizes() {}

  /** Three significant digits, in powers of 1000. */
  static String bytes(long bytes) {
    return scaled(bytes, UNITS);
  }

  /** A number of parameters. */
  static String parameters(long count) {
    return scaled(count, new String[] {"", "k", "M", "G", "T"});
  }

  /** With separators between thousands. */
  static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  private static String scaled(long amount, String[] units) {
    double value = amount;
    int unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return String.format(Locale.ROOT, "%." + decimals + "f %s", value, units[unit]).strip();
  }
}
