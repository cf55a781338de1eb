package dev.tenon.server.javalin;

import io.javalin.http.Context;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One line per request, without prompt, answer or key. */
final class RequestLog {
  private static final Logger LOG = LoggerFactory.getLogger("dev.tenon.requests");

  private RequestLog() {}

  static void line(Context context, float milliseconds) {
    LOG.info(
        "{} {} {} {} ms",
        context.method(),
        context.path(),
        context.statusCode(),
        String.format(Locale.ROOT, "%.1f", milliseconds));
  }
}
