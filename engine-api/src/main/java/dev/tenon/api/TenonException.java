package dev.tenon.api;

import org.jspecify.annotations.Nullable;

/**
 * Every failure that the engine and its plugins report. The message says what was wrong and what
 * would be right.
 */
public final class TenonException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final @Nullable String parameter;

  /** A failure with its code. */
  public TenonException(ErrorCode code, String message) {
    this(code, message, null, null);
  }

  /** A failure caused by another one. */
  public TenonException(ErrorCode code, String message, @Nullable Throwable cause) {
    this(code, message, null, cause);
  }

  private TenonException(
      ErrorCode code, String message, @Nullable String parameter, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
    this.parameter = parameter;
  }

  /** A request's field with a value that cannot be served. */
  public static TenonException invalid(String parameter, String message) {
    return new TenonException(ErrorCode.INVALID_REQUEST, message, parameter, null);
  }

  /** A failure of the given code that one field of the request causes. */
  public static TenonException of(ErrorCode code, String parameter, String message) {
    return new TenonException(code, message, parameter, null);
  }

  /** What kind of failure this is. */
  public ErrorCode code() {
    return code;
  }

  /** The request's or configuration's field at fault, by its public name, if there is one. */
  public @Nullable String parameter() {
    return parameter;
  }
}
