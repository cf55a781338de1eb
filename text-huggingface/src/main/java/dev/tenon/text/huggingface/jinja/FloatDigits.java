package dev.tenon.text.huggingface.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** C's {@code %e} and {@code %g} of a finite number that is not negative. */
final class FloatDigits {
  private FloatDigits() {}

  static String exponent(double value, int precision) {
    if (value == 0) {
      return (precision > 0 ? "0." + "0".repeat(precision) : "0") + "e+00";
    }
    BigDecimal rounded =
        new BigDecimal(value).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
    String digits = rounded.unscaledValue().toString();
    int exponent = digits.length() - 1 - rounded.scale();
    String padded = digits + "0".repeat(Math.max(0, precision + 1 - digits.length()));
    String mantissa =
        precision > 0
            ? padded.charAt(0) + "." + padded.substring(1, precision + 1)
            : "" + padded.charAt(0);
    String size = Math.abs(exponent) < 10 ? "0" + Math.abs(exponent) : "" + Math.abs(exponent);
    return mantissa + "e" + (exponent < 0 ? "-" : "+") + size;
  }

  static String general(double value, int precision) {
    if (value == 0) {
      return "0";
    }
    BigDecimal rounded =
        new BigDecimal(value).round(new MathContext(precision, RoundingMode.HALF_EVEN));
    int exponent = rounded.precision() - rounded.scale() - 1;
    if (exponent >= -4 && exponent < precision) {
      return rounded.stripTrailingZeros().toPlainString();
    }
    String text = exponent(value, precision - 1);
    int mark = text.indexOf('e');
    String mantissa = text.substring(0, mark);
    if (mantissa.indexOf('.') >= 0) {
      int end = mantissa.length();
      while (mantissa.charAt(end - 1) == '0') {
        end--;
      }
      mantissa = mantissa.substring(0, mantissa.charAt(end - 1) == '.' ? end - 1 : end);
    }
    return mantissa + text.substring(mark);
  }
}
