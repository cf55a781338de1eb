package dev.tenon.server.javalin;

import dev.tenon.api.GenerationEvent;
import dev.tenon.server.javalin.StreamOptions.UsageReport;
import dev.tenon.spi.toolcall.ToolEvent;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** A chat answer, sent chunk by chunk. */
final class ChatStream implements Answer {
  private final ChatRequest request;
  private final ToolCalls[] calls;
  private final LogprobsFormat format;
  private final StreamChunks chunks;
  private final Usage usage = new Usage();
  private int @Nullable [] promptIds;

  ChatStream(
      ChatRequest request, Supplier<ToolCalls> calls, LogprobsFormat format, SseWriter writer) {
    this.request = request;
    this.format = format;
    this.calls = new ToolCalls[request.generation().sampling().n()];
    for (int i = 0; i < this.calls.length; i++) {
      this.calls[i] = calls.get();
    }
    UsageReport report = request.options().usage();
    chunks =
        new StreamChunks(
            writer, request.id(), "chat.completion.chunk", request.model(), report, usage);
  }

  @Override
  public void event(int prompt, GenerationEvent event) throws IOException {
    usage.add(event);
    switch (event) {
      case GenerationEvent.PromptProcessed processed -> begin(processed);
      case GenerationEvent.Delta delta -> piece(delta);
      case GenerationEvent.Finished finished -> finish(finished);
      case GenerationEvent.Diagnosis diagnosis -> {}
    }
  }

  private void begin(GenerationEvent.PromptProcessed processed) throws IOException {
    if (request.tokenIds() == TokenIds.RETURNED) {
      promptIds = processed.promptIds();
    }
    for (int i = 0; i < calls.length; i++) {
      ObjectNode delta = Json.object().put("role", "assistant").put("content", "");
      ObjectNode chunk = chunks.chunk(i, "delta", delta);
      if (promptIds != null) {
        Ids.addAll(chunk.putArray("prompt_token_ids"), promptIds);
      }
      chunks.send(chunk);
    }
  }

  private void piece(GenerationEvent.Delta delta) throws IOException {
    List<ToolEvent> events = calls[delta.choice()].feed(delta.text());
    boolean returnsIds = request.tokenIds() == TokenIds.RETURNED;
    if (events.isEmpty() && delta.logprobs() == null && !returnsIds) {
      return;
    }
    ObjectNode first =
        events.isEmpty() ? Json.object().put("content", "") : ChatDeltas.of(events.getFirst());
    ObjectNode chunk = chunks.chunk(delta.choice(), "delta", first);
    ObjectNode choice = StreamChunks.choice(chunk);
    if (delta.logprobs() != null) {
      choice.set("logprobs", format.chat(delta.logprobs()));
    }
    if (returnsIds) {
      Ids.addAll(choice.putArray("token_ids"), delta.tokens());
    }
    chunks.send(chunk);
    for (ToolEvent event : events.stream().skip(1).toList()) {
      chunks.send(chunks.chunk(delta.choice(), "delta", ChatDeltas.of(event)));
    }
  }

  private void finish(GenerationEvent.Finished finished) throws IOException {
    ToolCalls own = calls[finished.choice()];
    for (ToolEvent event : own.finish()) {
      chunks.send(chunks.chunk(finished.choice(), "delta", ChatDeltas.of(event)));
    }
    ObjectNode chunk = chunks.chunk(finished.choice(), "delta", Json.object());
    ObjectNode choice = StreamChunks.choice(chunk);
    choice.put("finish_reason", ChatAnswer.reason(finished, own));
    FinishReasons.putStopReason(choice, finished);
    chunks.send(chunk);
  }

  @Override
  public void flush() throws IOException {
    chunks.flush();
  }

  @Override
  public void end() throws IOException {
    chunks.end();
  }

  @Override
  public boolean failed(RuntimeException failure) throws IOException {
    return chunks.failed(failure);
  }
}
