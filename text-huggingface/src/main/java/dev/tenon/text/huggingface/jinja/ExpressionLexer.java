package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** Cuts the inside of a tag into tokens. */
final class ExpressionLexer {
  private static final String[] OPERATORS = {
    "//", "**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ":", "|",
    ",", ";", "(", ")", "[", "]", "{", "}"
  };

  private final String source;
  private final String mark;
  private final StringBuilder open = new StringBuilder();
  private int at;
  private int line;

  ExpressionLexer(String source, int at, int line, String mark) {
    this.source = source;
    this.at = at;
    this.line = line;
    this.mark = mark;
  }

  /** Adds the tokens; returns where the closing mark or its sign is, −1 if there is none. */
  int run(List<Token> tokens) {
    while (true) {
      skipSpace();
      if (at >= source.length()) {
        return -1;
      }
      if (open.isEmpty() && isEnd()) {
        return at;
      }
      tokens.add(next());
    }
  }

  private boolean isEnd() {
    if (source.startsWith(mark, at)) {
      return true;
    }
    char sign = source.charAt(at);
    return source.startsWith(mark, at + 1) && (sign == '-' || (sign == '+' && mark.equals("%}")));
  }

  private void skipSpace() {
    while (at < source.length() && Characters.isSpace(source.charAt(at))) {
      if (source.charAt(at++) == '\n') {
        line++;
      }
    }
  }

  private Token next() {
    char first = source.charAt(at);
    if (first == '\'' || first == '"') {
      return string(first);
    } else if (isDigit(first)) {
      return number();
    } else if (first == '_' || Character.isUnicodeIdentifierStart(source.codePointAt(at))) {
      int end = at;
      while (end < source.length() && isNamePart(source.charAt(end))) {
        end++;
      }
      return token(Token.Kind.NAME, end);
    }
    for (String operator : OPERATORS) {
      if (source.startsWith(operator, at)) {
        balance(operator);
        return token(Token.Kind.OPERATOR, at + operator.length());
      }
    }
    throw JinjaException.syntax(line, "unexpected character '" + first + "'");
  }

  private static boolean isNamePart(char character) {
    return character == '_' || Character.isLetterOrDigit(character);
  }

  private static boolean isDigit(char character) {
    return character >= '0' && character <= '9';
  }

  private Token token(Token.Kind kind, int end) {
    Token token = new Token(kind, source.substring(at, end), line);
    at = end;
    return token;
  }

  private void balance(String operator) {
    char sign = operator.charAt(0);
    if (sign == '(' || sign == '[' || sign == '{') {
      open.append(sign);
    } else if (sign == ')' || sign == ']' || sign == '}') {
      char partner = sign == ')' ? '(' : sign == ']' ? '[' : '{';
      if (open.isEmpty() || open.charAt(open.length() - 1) != partner) {
        throw JinjaException.syntax(line, "unexpected '" + sign + "'");
      }
      open.setLength(open.length() - 1);
    }
  }

  private Token number() {
    String prefix =
        source.startsWith("0", at) ? source.substring(at, Math.min(at + 2, source.length())) : "";
    if ("0x 0X 0b 0B 0o 0O".contains(prefix) && prefix.length() == 2) {
      int end = at + 2;
      while (end < source.length() && isNamePart(source.charAt(end))) {
        end++;
      }
      return token(Token.Kind.INTEGER, end);
    }
    int end = digits(at);
    int fraction = end;
    if (end + 1 < source.length() && source.charAt(end) == '.' && isDigit(source.charAt(end + 1))) {
      fraction = digits(end + 1);
    }
    int exponent = fraction;
    if (exponent < source.length() && "eE".indexOf(source.charAt(exponent)) >= 0) {
      int digits = exponent + 1;
      if (digits < source.length() && "+-".indexOf(source.charAt(digits)) >= 0) {
        digits++;
      }
      exponent =
          digits < source.length() && isDigit(source.charAt(digits)) ? digits(digits) : exponent;
    }
    return token(exponent > end ? Token.Kind.FLOAT : Token.Kind.INTEGER, exponent);
  }

  private int digits(int from) {
    int end = from;
    while (end < source.length() && (isDigit(source.charAt(end)) || source.charAt(end) == '_')) {
      end++;
    }
    return end;
  }

  private Token string(char quote) {
    int begin = line;
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw JinjaException.syntax(line, "a string has no end: " + quote + " is missing");
    }
    String body = source.substring(at + 1, end);
    line += (int) body.chars().filter(c -> c == '\n').count();
    at = end + 1;
    return new Token(Token.Kind.STRING, StringEscapes.resolve(body, begin), begin);
  }
}
