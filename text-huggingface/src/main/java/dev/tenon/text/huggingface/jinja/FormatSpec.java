package dev.tenon.text.huggingface.jinja;

/** Reads what follows the colon in a replacement field of {@code str.format}. */
final class FormatSpec {
  private final String spec;
  private int at;

  private FormatSpec(String spec) {
    this.spec = spec;
  }

  static FormatField parse(String spec) {
    return new FormatSpec(spec).field();
  }

  private FormatField field() {
    String fill = " ";
    char align = ' ';
    if (spec.length() > 1 && "<>^=".indexOf(spec.charAt(1)) >= 0) {
      fill = spec.substring(0, 1);
      align = spec.charAt(1);
      at = 2;
    } else if ("<>^=".indexOf(peek()) >= 0) {
      align = next();
    }
    char sign = "+- ".indexOf(peek()) >= 0 ? next() : '-';
    if (peek() == '0') {
      fill = align == ' ' ? "0" : fill;
      align = align == ' ' ? '=' : align;
    }
    int width = number(0);
    String grouping = peek() == ',' || peek() == '_' ? String.valueOf(next()) : "";
    int precision = -1;
    if (peek() == '.') {
      next();
      precision = number(0);
    }
    char type = peek() == END ? ' ' : next();
    if (at < spec.length() || " dxXobeEfFgGs%".indexOf(type) < 0) {
      throw JinjaException.value("Invalid format specifier '" + spec + "'");
    }
    return new FormatField(fill, align, sign, grouping, width, precision, type);
  }

  private static final char END = '\uffff';

  private char peek() {
    return at < spec.length() ? spec.charAt(at) : END;
  }

  private char next() {
    return spec.charAt(at++);
  }

  private int number(int otherwise) {
    int value = otherwise;
    while (peek() >= '0' && peek() <= '9') {
      value = Math.min(value * 10 + (next() - '0'), 100_000_000);
    }
    return value;
  }
}
