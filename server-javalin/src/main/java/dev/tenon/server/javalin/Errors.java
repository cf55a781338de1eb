package dev.tenon.server.javalin;

import dev.tenon.api.TenonException;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns whatever goes wrong into OpenAI's error body. */
final class Errors {
  private static final Logger LOG = LoggerFactory.getLogger(Errors.class);

  private Errors() {}

  static void install(RoutesConfig routes) {
    routes.exception(HttpError.class, (error, context) -> answer(context, ErrorBody.of(error)));
    routes.exception(TenonException.class, (error, context) -> answer(context, of(error)));
    routes.exception(
        HttpResponseException.class, (error, context) -> answer(context, of(error, context)));
    routes.exception(ClientGone.class, (error, context) -> LOG.debug("the client left"));
    routes.exception(
        Exception.class,
        (error, context) -> {
          LOG.error("{} {} failed", context.method(), context.path(), error);
          answer(context, ErrorBody.internal());
        });
  }

  /** The body for any failure, which is logged if it is a defect. */
  static ErrorBody of(Throwable error) {
    if (error instanceof HttpError http) {
      return ErrorBody.of(http);
    }
    if (error instanceof TenonException tenon) {
      ErrorBody body = ErrorBody.of(tenon);
      if (body.status() == 500) {
        LOG.error("the engine failed", error);
      }
      return body;
    }
    LOG.error("a request failed", error);
    return ErrorBody.internal();
  }

  private static ErrorBody of(HttpResponseException error, Context context) {
    return of(error.getStatus(), context.method() + " " + context.path(), error.getMessage());
  }

  /** The body for a request that reached no handler. */
  static ErrorBody of(int status, String request, @Nullable String detail) {
    return switch (status) {
      case 404 ->
          new ErrorBody(
              404, "not_found", null, "there is no " + request + "; see " + Routes.OVERVIEW);
      case 405 ->
          new ErrorBody(
              405, "method_not_allowed", null, request + " is not offered; see " + Routes.OVERVIEW);
      case 414, 431 ->
          new ErrorBody(
              status, "header_too_large", null, "address and headers may have 16 KiB together");
      default ->
          new ErrorBody(
              status, "http_" + status, null, detail == null ? "HTTP error " + status : detail);
    };
  }

  static void answer(Context context, ErrorBody error) {
    if (context.res().isCommitted()) {
      return;
    }
    Map<String, String> headers =
        switch (error.status()) {
          case 401 -> Map.of("WWW-Authenticate", "Bearer");
          case 503 -> Map.of("Retry-After", "1");
          default -> Map.of();
        };
    headers.forEach(context::header);
    Responses.json(context, error.status(), error.json());
  }
}
