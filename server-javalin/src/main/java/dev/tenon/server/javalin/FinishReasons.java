package dev.tenon.server.javalin;

import dev.tenon.api.FinishReason;
import dev.tenon.api.GenerationEvent;
import tools.jackson.databind.node.ObjectNode;

/** Why a choice ended, in OpenAI's words. */
final class FinishReasons {
  private FinishReasons() {}

  static String text(FinishReason reason) {
    return switch (reason) {
      case STOP -> "stop";
      case LENGTH -> "length";
      case CANCELLED -> "abort";
    };
  }

  /** Adds vLLM's {@code stop_reason}: the text or id that ended the choice. */
  static void putStopReason(ObjectNode choice, GenerationEvent.Finished finished) {
    switch (finished.stop()) {
      case Number id -> choice.put("stop_reason", id.longValue());
      case String text -> choice.put("stop_reason", text);
      case null, default -> choice.putNull("stop_reason");
    }
  }
}
