package dev.tenon.server.javalin;

import org.jspecify.annotations.Nullable;

/** A request that is answered with an error before or instead of the engine's own refusal. */
final class HttpError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;
  private final @Nullable String parameter;

  HttpError(int status, String code, @Nullable String parameter, String message) {
    super(message);
    this.status = status;
    this.code = code;
    this.parameter = parameter;
  }

  /** A field with a value that cannot be served. */
  static HttpError badField(String parameter, String message) {
    return new HttpError(400, "invalid_value", parameter, message);
  }

  /** A known field that this server does not offer; the message says what works instead. */
  static HttpError unsupported(String parameter, String message) {
    return new HttpError(400, "unsupported", parameter, message);
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }

  @Nullable String parameter() {
    return parameter;
  }
}
