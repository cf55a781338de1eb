package dev.tenon.server.javalin;

import dev.tenon.api.GenerationEvent;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.spi.toolcall.ToolEvent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** One choice of a chat answer, folded from the same pieces that a stream would send. */
final class ChatMessage {
  private record Call(String name, StringBuilder arguments) {}

  private final ToolCalls calls;
  private final StringBuilder content = new StringBuilder();
  private final List<Call> made = new ArrayList<>();
  private final List<TokenLogprobs> logprobs = new ArrayList<>();
  private final TokenList tokens = new TokenList();
  private boolean reportsLogprobs;
  private GenerationEvent.@Nullable Finished finished;

  ChatMessage(ToolCalls calls) {
    this.calls = calls;
  }

  void add(GenerationEvent.Delta delta) {
    calls.feed(delta.text()).forEach(this::add);
    tokens.add(delta.tokens());
    if (delta.logprobs() != null) {
      reportsLogprobs = true;
      logprobs.addAll(delta.logprobs());
    }
  }

  void finish(GenerationEvent.Finished end) {
    calls.finish().forEach(this::add);
    finished = end;
  }

  private void add(ToolEvent event) {
    switch (event) {
      case ToolEvent.Content piece -> content.append(piece.text());
      case ToolEvent.CallStarted start -> made.add(new Call(start.name(), new StringBuilder()));
      case ToolEvent.ArgumentsDelta delta -> made.getLast().arguments().append(delta.json());
    }
  }

  int[] tokens() {
    return tokens.toArray();
  }

  void write(ObjectNode choice, LogprobsFormat format) {
    ObjectNode message = choice.putObject("message").put("role", "assistant");
    if (content.isEmpty() && !made.isEmpty()) {
      message.putNull("content");
    } else {
      message.put("content", content.toString());
    }
    if (!made.isEmpty()) {
      ArrayNode list = message.putArray("tool_calls");
      for (Call call : made) {
        ObjectNode entry = list.addObject().put("id", ChatDeltas.callId()).put("type", "function");
        entry
            .putObject("function")
            .put("name", call.name())
            .put("arguments", call.arguments().toString());
      }
    }
    if (reportsLogprobs) {
      choice.set("logprobs", format.chat(logprobs));
    } else {
      choice.putNull("logprobs");
    }
    if (finished != null) {
      choice.put("finish_reason", ChatAnswer.reason(finished, calls));
      FinishReasons.putStopReason(choice, finished);
    }
  }
}
