package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** The {@code %} operator of text. */
final class PercentFormat {
  private final String format;
  private final Run run;
  private final Object values;
  private final List<Object> positional;
  private int used;
  private int at;

  private PercentFormat(String format, Object values, Run run) {
    this.format = format;
    this.run = run;
    this.values = values;
    this.positional = values instanceof Tuple tuple ? tuple.items() : List.of(values);
  }

  static String apply(String format, Object values, Run run) {
    PercentFormat percent = new PercentFormat(format, values, run);
    String result = percent.run();
    if (percent.used < percent.positional.size()
        && !(values instanceof Dict)
        && !(values instanceof List)) {
      throw JinjaException.type("not all arguments converted during string formatting");
    }
    return result;
  }

  private String run() {
    TextBuilder out = new TextBuilder(run.budget());
    while (at < format.length()) {
      char character = format.charAt(at++);
      if (character != '%') {
        out.append(character);
      } else if (peek() == '%') {
        at++;
        out.append('%');
      } else {
        out.append(field());
      }
    }
    return out.toString();
  }

  private String field() {
    Object named = peek() == '(' ? named() : None.NONE;
    boolean isNamed = format.charAt(at - 1) == ')';
    boolean left = false;
    boolean zero = false;
    char sign = '-';
    for (; "-0+ #".indexOf(peek()) >= 0; at++) {
      left |= peek() == '-';
      zero |= peek() == '0';
      sign = peek() == '+' ? '+' : peek() == ' ' && sign != '+' ? ' ' : sign;
    }
    int width = number(0);
    int precision = -1;
    if (peek() == '.') {
      at++;
      precision = number(0);
    }
    char type = peek();
    if ("diuoxXeEfFgGsr".indexOf(type) < 0) {
      throw JinjaException.value("unsupported format character '" + type + "'");
    }
    at++;
    Object value = isNamed ? named : next();
    if (type != 's' && type != 'r' && !Types.isNumber(value)) {
      throw JinjaException.type(
          "%%%c format: a number is required, not %s".formatted(type, Types.name(value)));
    }
    char align = left ? '<' : zero && type != 's' && type != 'r' ? '=' : '>';
    String fill = align == '=' ? "0" : " ";
    return new FormatField(fill, align, sign, "", width, precision, type).apply(value, run);
  }

  private char peek() {
    if (at >= format.length()) {
      throw JinjaException.value("incomplete format");
    }
    return format.charAt(at);
  }

  private Object named() {
    int end = format.indexOf(')', at);
    if (end < 0) {
      throw JinjaException.value("incomplete format key");
    }
    if (!(values instanceof Dict dict)) {
      throw JinjaException.type("format requires a mapping");
    }
    String key = format.substring(at + 1, end);
    at = end + 1;
    Object value = dict.find(key);
    if (value == null) {
      throw JinjaException.value("format key '" + key + "' is missing");
    }
    return value;
  }

  private int number(int otherwise) {
    int value = otherwise;
    while (Character.isDigit(peek())) {
      value = Math.min(value * 10 + Character.digit(peek(), 10), 100_000_000);
      at++;
    }
    return value;
  }

  private Object next() {
    if (used >= positional.size()) {
      throw JinjaException.type("not enough arguments for format string");
    }
    return positional.get(used++);
  }
}
