package dev.tenon.text.huggingface.jinja;

/** Backslash escapes of string literals, as Python reads them. */
final class StringEscapes {
  private final String body;
  private final int line;
  private final StringBuilder out = new StringBuilder();
  private int at;

  private StringEscapes(String body, int line) {
    this.body = body;
    this.line = line;
  }

  static String resolve(String body, int line) {
    if (body.indexOf('\\') < 0) {
      return body;
    }
    StringEscapes escapes = new StringEscapes(body, line);
    while (escapes.at < body.length()) {
      char character = body.charAt(escapes.at++);
      if (character == '\\') {
        escapes.escape(body.charAt(escapes.at++));
      } else {
        escapes.out.append(character);
      }
    }
    return escapes.out.toString();
  }

  private void escape(char character) {
    switch (character) {
      case '\n' -> {}
      case '\\', '\'', '"' -> out.append(character);
      case 'n' -> out.append('\n');
      case 't' -> out.append('\t');
      case 'r' -> out.append('\r');
      case 'a' -> out.append('\u0007');
      case 'b' -> out.append('\b');
      case 'f' -> out.append('\f');
      case 'v' -> out.append('\u000b');
      case 'x' -> hexadecimal(2);
      case 'u' -> hexadecimal(4);
      case 'U' -> hexadecimal(8);
      case '0', '1', '2', '3', '4', '5', '6', '7' -> octal();
      default -> out.append('\\').append(character);
    }
  }

  private void octal() {
    at--;
    int value = 0;
    for (int i = 0; i < 3 && at < body.length(); i++) {
      int digit = Character.digit(body.charAt(at), 8);
      if (digit < 0) {
        break;
      }
      value = value * 8 + digit;
      at++;
    }
    out.appendCodePoint(value);
  }

  private void hexadecimal(int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = at < body.length() ? Character.digit(body.charAt(at), 16) : -1;
      if (digit < 0) {
        throw JinjaException.syntax(line, "a string has a truncated hexadecimal escape");
      }
      value = value * 16 + digit;
      at++;
    }
    if (!Character.isValidCodePoint(value)) {
      throw JinjaException.syntax(line, "a string has an escape beyond Unicode");
    }
    out.appendCodePoint(value);
  }
}
