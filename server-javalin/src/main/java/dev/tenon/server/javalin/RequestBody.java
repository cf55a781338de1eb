package dev.tenon.server.javalin;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Reads a request's body: bounded, and a JSON object. */
final class RequestBody {
  /** Clients that get an answer before they have sent all see a broken connection instead. */
  private static final long DRAINED_BYTES = 64L << 20;

  private RequestBody() {}

  static ObjectNode read(InputStream in, long length, long limit) throws IOException {
    byte[] bytes = length > limit ? new byte[0] : in.readNBytes((int) Math.min(limit + 1, 1 << 30));
    if (length > limit || bytes.length > limit) {
      drain(in);
      throw new HttpError(
          413,
          "request_too_large",
          null,
          "the body has more than " + limit + " bytes; send less, or raise --max-request-bytes");
    }
    return parse(bytes);
  }

  private static void drain(InputStream in) throws IOException {
    byte[] scratch = new byte[1 << 16];
    long drained = 0;
    for (int n = in.read(scratch); n >= 0 && drained < DRAINED_BYTES; n = in.read(scratch)) {
      drained += n;
    }
  }

  private static ObjectNode parse(byte[] bytes) {
    if (bytes.length == 0) {
      throw notJson("the body is empty; send a JSON object", null);
    }
    JsonNode node;
    try {
      node = Json.read(bytes);
    } catch (JacksonException e) {
      throw notJson("the body is not JSON: " + e.getOriginalMessage(), e.getLocation());
    }
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw notJson("the body is not a JSON object, but must be one", null);
  }

  private static HttpError notJson(String message, @Nullable TokenStreamLocation at) {
    String where =
        at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
    return new HttpError(400, "invalid_json", null, message + where);
  }
}
