package dev.tenon.server.javalin;

import dev.tenon.server.javalin.StreamOptions.UsageReport;
import java.io.IOException;
import java.time.Instant;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What the chunks of a stream have in common. */
final class StreamChunks {
  private final SseWriter writer;
  private final String id;
  private final String object;
  private final String model;
  private final UsageReport report;
  private final Usage usage;
  private final long created = Instant.now().getEpochSecond();

  StreamChunks(
      SseWriter writer, String id, String object, String model, UsageReport report, Usage usage) {
    this.writer = writer;
    this.id = id;
    this.object = object;
    this.model = model;
    this.report = report;
    this.usage = usage;
  }

  private ObjectNode frame() {
    return Json.object()
        .put("id", id)
        .put("object", object)
        .put("created", created)
        .put("model", model);
  }

  /** A chunk of one choice that holds a piece under the given name. */
  ObjectNode chunk(int index, String name, JsonNode piece) {
    ObjectNode chunk = frame();
    ObjectNode choice = chunk.putArray("choices").addObject();
    choice.put("index", index);
    choice.set(name, piece);
    choice.putNull("logprobs").putNull("finish_reason");
    return chunk;
  }

  /** The one choice of a chunk. */
  static ObjectNode choice(ObjectNode chunk) {
    return (ObjectNode) chunk.get("choices").get(0);
  }

  void send(ObjectNode chunk) throws IOException {
    switch (report) {
      case NEVER -> {}
      case AT_END -> chunk.putNull("usage");
      case IN_EACH_CHUNK -> chunk.set("usage", usage.json());
    }
    writer.send(chunk);
  }

  void flush() throws IOException {
    writer.flush();
  }

  void end() throws IOException {
    if (report != UsageReport.NEVER) {
      ObjectNode last = frame();
      last.putArray("choices");
      last.set("usage", usage.json());
      writer.send(last);
    }
    writer.done();
  }

  boolean failed(RuntimeException failure) throws IOException {
    if (!writer.started()) {
      return false;
    }
    writer.send(Errors.of(failure).json());
    writer.done();
    return true;
  }
}
