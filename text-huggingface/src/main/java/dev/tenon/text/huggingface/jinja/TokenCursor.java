package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** A place in a template's tokens. */
final class TokenCursor {
  private static final int DEEPEST = 100;

  private final List<Token> tokens;
  private int at;
  private int depth;

  TokenCursor(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(at);
  }

  Token peekNext() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = tokens.get(at);
    if (token.kind() != Token.Kind.END) {
      at++;
    }
    return token;
  }

  int line() {
    return peek().line();
  }

  boolean isOperator(String sign) {
    return peek().is(Token.Kind.OPERATOR, sign);
  }

  boolean isName(String name) {
    return peek().is(Token.Kind.NAME, name);
  }

  boolean skipOperator(String sign) {
    return skip(isOperator(sign));
  }

  boolean skipName(String name) {
    return skip(isName(name));
  }

  private boolean skip(boolean matches) {
    if (matches) {
      at++;
    }
    return matches;
  }

  void expectOperator(String sign) {
    if (!skipOperator(sign)) {
      throw unexpected("'" + sign + "'");
    }
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw unexpected("'" + name + "'");
    }
  }

  Token expect(Token.Kind kind, String description) {
    if (peek().kind() != kind) {
      throw unexpected(description);
    }
    return next();
  }

  JinjaException unexpected(String wanted) {
    return JinjaException.syntax(line(), "expected " + wanted + ", found " + peek().shown());
  }

  /** Where the cursor is, for {@link #mentions}. */
  int mark() {
    return at;
  }

  /** Whether a name occurs between a mark and here. */
  boolean mentions(String name, int since) {
    for (int i = since; i < at; i++) {
      if (tokens.get(i).is(Token.Kind.NAME, name)) {
        return true;
      }
    }
    return false;
  }

  void enter() {
    if (++depth > DEEPEST) {
      throw JinjaException.syntax(line(), "nesting is deeper than " + DEEPEST + " levels");
    }
  }

  void leave() {
    depth--;
  }
}
