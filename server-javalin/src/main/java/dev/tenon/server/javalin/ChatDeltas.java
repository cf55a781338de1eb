package dev.tenon.server.javalin;

import dev.tenon.spi.toolcall.ToolEvent;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/** Pieces of a chat message as the {@code delta} of a chunk. */
final class ChatDeltas {
  private ChatDeltas() {}

  static ObjectNode of(ToolEvent event) {
    ObjectNode delta = Json.object();
    switch (event) {
      case ToolEvent.Content content -> delta.put("content", content.text());
      case ToolEvent.CallStarted start -> {
        ObjectNode call = delta.putArray("tool_calls").addObject();
        call.put("index", start.index()).put("id", callId()).put("type", "function");
        call.putObject("function").put("name", start.name()).put("arguments", "");
      }
      case ToolEvent.ArgumentsDelta arguments -> {
        ObjectNode call = delta.putArray("tool_calls").addObject();
        call.put("index", arguments.index());
        call.putObject("function").put("arguments", arguments.json());
      }
    }
    return delta;
  }

  static String callId() {
    return "chatcmpl-tool-" + UUID.randomUUID().toString().replace("-", "");
  }
}
