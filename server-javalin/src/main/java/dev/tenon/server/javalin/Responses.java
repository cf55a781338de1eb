package dev.tenon.server.javalin;

import io.javalin.http.Context;
import tools.jackson.databind.JsonNode;

/** Writes whole responses. */
final class Responses {
  private Responses() {}

  static void json(Context context, int status, JsonNode body) {
    context.status(status).contentType("application/json").result(Json.bytes(body));
  }
}
