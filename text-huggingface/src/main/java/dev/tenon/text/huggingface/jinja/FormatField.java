package dev.tenon.text.huggingface.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * One value laid out by a format such as {@code >8} or {@code .2f}.
 *
 * @param fill character that pads
 * @param align {@code <}, {@code >}, {@code ^}, {@code =}, or space for the type's own
 * @param sign {@code +}, space, or {@code -} for negative numbers only
 * @param grouping {@code ,} or {@code _} between groups of three digits, or empty
 * @param width least number of characters
 * @param precision digits after the point or characters of text; −1 if not given
 * @param type how to write the value; space for its own way
 */
record FormatField(
    String fill, char align, char sign, String grouping, int width, int precision, char type) {

  private static final int LARGEST = 10_000;

  String apply(Object value, Run run) {
    boolean numeric = Types.isNumber(value) && type != 's' && type != 'r';
    if (width > LARGEST || precision > LARGEST) {
      throw JinjaException.limit("a format asks for more than " + LARGEST + " characters");
    }
    run.budget().text(Math.max(width, precision));
    String body = numeric ? number(value) : text(value, run);
    int missing = Math.max(0, width - Types.length(body));
    char side = align != ' ' ? align : numeric ? '>' : '<';
    if (side == '=') {
      int signs = body.startsWith("-") || body.startsWith("+") || body.startsWith(" ") ? 1 : 0;
      return body.substring(0, signs) + fill.repeat(missing) + body.substring(signs);
    }
    int left = side == '<' ? 0 : side == '>' ? missing : missing / 2;
    return fill.repeat(left) + body + fill.repeat(missing - left);
  }

  private String text(Object value, Run run) {
    if (type != ' ' && type != 's' && type != 'r') {
      throw JinjaException.value(
          "format '%c' takes a number, not %s".formatted(type, Types.name(value)));
    }
    String text = type == 'r' ? run.quoted(value) : run.text(value);
    return precision >= 0 && precision < Types.length(text)
        ? text.substring(0, text.offsetByCodePoints(0, precision))
        : text;
  }

  private String number(Object value) {
    String digits =
        switch (type) {
          case 'd', 'i', 'u' -> integer(value).abs().toString();
          case 'x' -> integer(value).abs().toString(16);
          case 'X' -> TextCase.upper(integer(value).abs().toString(16));
          case 'o' -> integer(value).abs().toString(8);
          case 'b' -> integer(value).abs().toString(2);
          case 'f', 'F' -> fixed(Math.abs(Numbers.real(value)), precision < 0 ? 6 : precision);
          case '%' ->
              fixed(Math.abs(Numbers.real(value)) * 100, precision < 0 ? 6 : precision) + "%";
          case 'e', 'E', 'g', 'G' -> scientific(Math.abs(Numbers.real(value)));
          default -> plain(value);
        };
    boolean negative = Numbers.compare(value, 0L) < 0;
    String prefix = negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    return prefix + (grouping.isEmpty() ? digits : grouped(digits));
  }

  private static BigInteger integer(Object value) {
    if (value instanceof Double number) {
      if (!Double.isFinite(number)) {
        throw JinjaException.value("cannot convert float " + FloatText.of(number) + " to integer");
      }
      return new BigDecimal(number).toBigInteger();
    }
    return Numbers.big(value);
  }

  private String plain(Object value) {
    if (value instanceof Double number) {
      return precision < 0 ? FloatText.of(Math.abs(number)) : scientific(Math.abs(number));
    }
    return Numbers.big(value).abs().toString();
  }

  private static String fixed(double value, int precision) {
    return Double.isFinite(value)
        ? new BigDecimal(value).setScale(precision, RoundingMode.HALF_EVEN).toPlainString()
        : FloatText.of(value);
  }

  private String scientific(double value) {
    if (!Double.isFinite(value)) {
      return FloatText.of(value);
    }
    boolean general = type != 'e' && type != 'E';
    int digits = precision < 0 ? 6 : precision;
    String text =
        general
            ? FloatDigits.general(value, Math.max(1, digits))
            : FloatDigits.exponent(value, digits);
    return type == 'E' || type == 'G' ? TextCase.upper(text) : text;
  }

  private String grouped(String digits) {
    int end = 0;
    while (end < digits.length() && Character.isDigit(digits.charAt(end))) {
      end++;
    }
    StringBuilder out = new StringBuilder(digits);
    for (int at = end - 3; at > 0; at -= 3) {
      out.insert(at, grouping);
    }
    return out.toString();
  }
}
