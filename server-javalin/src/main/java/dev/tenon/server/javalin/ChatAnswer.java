package dev.tenon.server.javalin;

import dev.tenon.api.FinishReason;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.TokenLogprobs;
import io.javalin.http.Context;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A chat answer, sent whole. */
final class ChatAnswer implements Answer {
  private final ChatRequest request;
  private final LogprobsFormat format;
  private final Context context;
  private final List<ChatMessage> messages;
  private final Usage usage = new Usage();
  private @Nullable List<TokenLogprobs> promptLogprobs;
  private int[] promptIds = new int[0];

  ChatAnswer(
      ChatRequest request, Supplier<ToolCalls> calls, LogprobsFormat format, Context context) {
    this.request = request;
    this.format = format;
    this.context = context;
    messages =
        Stream.generate(() -> new ChatMessage(calls.get()))
            .limit(request.generation().sampling().n())
            .toList();
  }

  /** Calls end a choice that would have ended by itself; one that was cut stays cut. */
  static String reason(GenerationEvent.Finished finished, ToolCalls calls) {
    return calls.called() && finished.reason() == FinishReason.STOP
        ? "tool_calls"
        : FinishReasons.text(finished.reason());
  }

  @Override
  public void event(int prompt, GenerationEvent event) {
    usage.add(event);
    switch (event) {
      case GenerationEvent.PromptProcessed processed -> {
        promptLogprobs = processed.logprobs();
        promptIds = processed.promptIds();
      }
      case GenerationEvent.Delta delta -> messages.get(delta.choice()).add(delta);
      case GenerationEvent.Finished finished -> messages.get(finished.choice()).finish(finished);
      case GenerationEvent.Diagnosis diagnosis -> {}
    }
  }

  @Override
  public void end() {
    ObjectNode body =
        Json.object()
            .put("id", request.id())
            .put("object", "chat.completion")
            .put("created", Instant.now().getEpochSecond())
            .put("model", request.model());
    ArrayNode choices = body.putArray("choices");
    boolean returnsIds = request.tokenIds() == TokenIds.RETURNED;
    for (ChatMessage message : messages) {
      ObjectNode choice = choices.addObject().put("index", choices.size() - 1);
      message.write(choice, format);
      if (returnsIds) {
        Ids.addAll(choice.putArray("token_ids"), message.tokens());
      }
    }
    body.set("usage", usage.json());
    if (promptLogprobs != null) {
      body.set("prompt_logprobs", format.prompt(promptLogprobs));
    }
    if (returnsIds) {
      Ids.addAll(body.putArray("prompt_token_ids"), promptIds);
    }
    Responses.json(context, 200, body);
  }

  @Override
  public boolean failed(RuntimeException failure) {
    return false;
  }
}
