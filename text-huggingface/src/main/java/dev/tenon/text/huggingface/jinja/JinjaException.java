package dev.tenon.text.huggingface.jinja;

/** A template that cannot be read, or that failed or gave up while it was rendered. */
public final class JinjaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure this is. */
  public enum Kind {
    /** The template's text is not valid. */
    SYNTAX,
    /** Something that is not defined was used where a value is needed. */
    UNDEFINED,
    /** A value has a type that the operation does not take. */
    TYPE,
    /** A value is outside what the operation takes. */
    VALUE,
    /** The template itself called {@code raise_exception}. */
    RAISED,
    /** The template used more than its limits allow. */
    LIMIT,
    /** The template tried what the sandbox forbids. */
    FORBIDDEN
  }

  private final Kind kind;
  private final int line;
  private final String detail;

  JinjaException(Kind kind, int line, String detail) {
    super(line > 0 ? "line " + line + ": " + detail : detail);
    this.kind = kind;
    this.line = line;
    this.detail = detail;
  }

  static JinjaException syntax(int line, String detail) {
    return new JinjaException(Kind.SYNTAX, line, detail);
  }

  static JinjaException type(String detail) {
    return new JinjaException(Kind.TYPE, 0, detail);
  }

  static JinjaException value(String detail) {
    return new JinjaException(Kind.VALUE, 0, detail);
  }

  static JinjaException limit(String detail) {
    return new JinjaException(Kind.LIMIT, 0, detail);
  }

  /** The same failure with its line, unless it already has one. */
  JinjaException at(int lineOfFailure) {
    if (line > 0) {
      return this;
    }
    JinjaException located = new JinjaException(kind, lineOfFailure, detail);
    located.setStackTrace(getStackTrace());
    return located;
  }

  /** What kind of failure this is. */
  public Kind kind() {
    return kind;
  }

  /** The template's line, counted from 1; 0 if none is known. */
  public int line() {
    return line;
  }

  /** What was wrong, without the line. */
  public String detail() {
    return detail;
  }
}
