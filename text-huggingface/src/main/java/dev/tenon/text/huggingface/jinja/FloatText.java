package dev.tenon.text.huggingface.jinja;

import java.math.BigDecimal;

/** Python's shortest text of a float that reads back as the same float. */
final class FloatText {
  private FloatText() {}

  static String of(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    } else if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    } else if (value == 0) {
      return 1 / value > 0 ? "0.0" : "-0.0";
    }
    BigDecimal shortest = shortest(Math.abs(value));
    String digits = shortest.unscaledValue().toString();
    int exponent = digits.length() - 1 - shortest.scale();
    return (value < 0 ? "-" : "") + layOut(digits, exponent);
  }

  /** Java gives at least two digits, Python as few as one. */
  private static BigDecimal shortest(double value) {
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    if (decimal.precision() == 2) {
      BigDecimal rounded = decimal.round(new java.math.MathContext(1));
      return rounded.doubleValue() == value ? rounded.stripTrailingZeros() : decimal;
    }
    return decimal;
  }

  private static String layOut(String digits, int exponent) {
    if (exponent < -4 || exponent >= 16) {
      String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
      String size = Math.abs(exponent) < 10 ? "0" + Math.abs(exponent) : "" + Math.abs(exponent);
      return digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+") + size;
    } else if (exponent < 0) {
      return "0." + "0".repeat(-exponent - 1) + digits;
    } else if (digits.length() <= exponent + 1) {
      return digits + "0".repeat(exponent + 1 - digits.length()) + ".0";
    }
    return digits.substring(0, exponent + 1) + "." + digits.substring(exponent + 1);
  }
}
