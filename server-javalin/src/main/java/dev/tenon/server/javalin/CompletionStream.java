package dev.tenon.server.javalin;

import dev.tenon.api.GenerationEvent;
import dev.tenon.server.javalin.CompletionPieces.Piece;
import dev.tenon.server.javalin.CompletionRequest.Echo;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/** An answer of {@code /v1/completions}, sent chunk by chunk. */
final class CompletionStream implements Answer {
  private final CompletionRequest request;
  private final List<CompletionPieces> pieces;
  private final StreamChunks chunks;
  private final Usage usage = new Usage();

  CompletionStream(CompletionRequest request, List<CompletionPieces> pieces, SseWriter writer) {
    this.request = request;
    this.pieces = pieces;
    chunks =
        new StreamChunks(
            writer,
            request.id(),
            "text_completion",
            request.model(),
            request.options().usage(),
            usage);
  }

  @Override
  public void event(int prompt, GenerationEvent event) throws IOException {
    usage.add(event);
    int first = prompt * request.choices();
    switch (event) {
      case GenerationEvent.PromptProcessed processed -> {
        for (int index = first; index < first + request.choices(); index++) {
          send(index, pieces.get(index).prompt(processed));
        }
      }
      case GenerationEvent.Delta delta -> {
        int index = first + delta.choice();
        send(index, pieces.get(index).output(delta));
      }
      case GenerationEvent.Finished finished -> {
        ObjectNode chunk = chunks.chunk(first + finished.choice(), "text", StringNode.valueOf(""));
        ObjectNode choice = StreamChunks.choice(chunk);
        choice.put("finish_reason", FinishReasons.text(finished.reason()));
        FinishReasons.putStopReason(choice, finished);
        chunks.send(chunk);
      }
      case GenerationEvent.Diagnosis diagnosis -> {}
    }
  }

  private void send(int index, @Nullable Piece piece) throws IOException {
    boolean returnsIds = request.tokenIds() == TokenIds.RETURNED;
    // Tokens without text are told too: a checkpoint may have no tokenizer, and clients time them.
    if (piece == null || (piece.text().isEmpty() && piece.tokens().length == 0)) {
      return;
    }
    ObjectNode chunk = chunks.chunk(index, "text", StringNode.valueOf(piece.text()));
    ObjectNode choice = StreamChunks.choice(chunk);
    if (piece.logprobs() != null) {
      choice.set("logprobs", piece.logprobs());
    }
    if (returnsIds) {
      Ids.addAll(choice.putArray("token_ids"), piece.tokens());
    }
    chunks.send(chunk);
  }

  @Override
  public void flush() throws IOException {
    chunks.flush();
  }

  @Override
  public void end() throws IOException {
    if (request.echo() == Echo.PROMPT) {
      usage.dropCompletion();
    }
    chunks.end();
  }

  @Override
  public boolean failed(RuntimeException failure) throws IOException {
    return chunks.failed(failure);
  }
}
