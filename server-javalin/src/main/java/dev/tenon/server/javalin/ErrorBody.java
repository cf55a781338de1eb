package dev.tenon.server.javalin;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * An error as OpenAI's clients read it.
 *
 * @param status of the response
 * @param code stable name of what was wrong
 * @param parameter field at fault
 * @param message what was wrong and what would be right
 */
record ErrorBody(int status, String code, @Nullable String parameter, String message) {

  static ErrorBody of(HttpError error) {
    return new ErrorBody(error.status(), error.code(), error.parameter(), message(error));
  }

  static ErrorBody of(TenonException error) {
    return new ErrorBody(
        status(error.code()), code(error.code()), error.parameter(), message(error));
  }

  /** A defect; its details are for the log, not for the client. */
  static ErrorBody internal() {
    return new ErrorBody(
        500, "internal_error", null, "the server failed on this request; its log says why");
  }

  ObjectNode json() {
    ObjectNode body = Json.object();
    body.putObject("error")
        .put("message", message)
        .put("type", type())
        .put("param", parameter)
        .put("code", code);
    return body;
  }

  private static String message(Throwable error) {
    String message = error.getMessage();
    return message == null ? error.getClass().getSimpleName() : message;
  }

  private String type() {
    return switch (status) {
      case 401 -> "authentication_error";
      case 503 -> "service_unavailable_error";
      default -> status < 500 ? "invalid_request_error" : "server_error";
    };
  }

  private static int status(ErrorCode code) {
    return switch (code) {
      case INVALID_REQUEST, PROMPT_TOO_LONG, UNSUPPORTED, PLUGIN_NOT_FOUND -> 400;
      case MODEL_NOT_FOUND -> 404;
      case QUEUE_FULL, OUT_OF_MEMORY, DEVICE_UNAVAILABLE, CLOSED, CANCELLED -> 503;
      case INVALID_CONFIGURATION, INVALID_CHECKPOINT, PLUGIN_INCOMPATIBLE, DEVICE_FAULT, INTERNAL ->
          500;
    };
  }

  private static String code(ErrorCode code) {
    return code == ErrorCode.PROMPT_TOO_LONG
        ? "context_length_exceeded"
        : code.name().toLowerCase(Locale.ROOT);
  }
}
