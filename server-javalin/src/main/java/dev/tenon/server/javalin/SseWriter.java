package dev.tenon.server.javalin;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Writes server-sent events as OpenAI's clients read them. */
final class SseWriter {
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII);

  private final Context context;
  private @Nullable OutputStream out;

  SseWriter(Context context) {
    this.context = context;
  }

  /** Whether the client has seen a status, so that an error can only be an event. */
  boolean started() {
    return out != null;
  }

  void send(JsonNode event) throws IOException {
    OutputStream stream = stream();
    stream.write(DATA);
    stream.write(Json.bytes(event));
    stream.write(END);
  }

  /** Sends what was written. */
  void flush() throws IOException {
    OutputStream stream = out;
    if (stream != null) {
      stream.flush();
    }
  }

  void done() throws IOException {
    OutputStream stream = stream();
    stream.write(DONE);
    stream.flush();
  }

  private OutputStream stream() throws IOException {
    OutputStream stream = out;
    if (stream == null) {
      context.res().setStatus(200);
      context.res().setContentType("text/event-stream; charset=utf-8");
      context.res().setHeader("Cache-Control", "no-cache");
      context.res().setHeader("X-Accel-Buffering", "no");
      stream = context.res().getOutputStream();
      out = stream;
    }
    return stream;
  }
}
