package dev.tenon.server.javalin;

import io.javalin.http.Context;
import java.io.IOException;
import tools.jackson.databind.JsonNode;

/** Writes whole responses. */
final class Responses {
  private Responses() {}

  /** Sends a response at once, so that a request which has ended has also been answered. */
  static void json(Context context, int status, JsonNode body) {
    byte[] bytes = Json.bytes(body);
    context.status(status);
    context.res().setContentType("application/json");
    context.res().setContentLength(bytes.length);
    try {
      context.res().getOutputStream().write(bytes);
      context.res().flushBuffer();
    } catch (IOException e) {
      throw new ClientGone(e);
    }
  }
}
