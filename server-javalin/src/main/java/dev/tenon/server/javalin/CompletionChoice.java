package dev.tenon.server.javalin;

import dev.tenon.api.GenerationEvent;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.server.javalin.CompletionPieces.Piece;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** One choice of a whole answer, folded from the same pieces that a stream would send. */
final class CompletionChoice {
  private final CompletionPieces pieces;
  private final StringBuilder text = new StringBuilder();
  private final TokenList tokens = new TokenList();
  private @Nullable ObjectNode logprobs;
  private @Nullable List<TokenLogprobs> promptLogprobs;
  private int[] promptIds = new int[0];
  private GenerationEvent.@Nullable Finished finished;

  CompletionChoice(CompletionPieces pieces) {
    this.pieces = pieces;
  }

  void prompt(GenerationEvent.PromptProcessed processed) {
    promptLogprobs = processed.logprobs();
    promptIds = processed.promptIds();
    add(pieces.prompt(processed));
  }

  void output(GenerationEvent.Delta delta) {
    add(pieces.output(delta));
  }

  void finish(GenerationEvent.Finished end) {
    finished = end;
  }

  private void add(@Nullable Piece piece) {
    if (piece == null) {
      return;
    }
    text.append(piece.text());
    tokens.add(piece.tokens());
    ObjectNode more = piece.logprobs();
    if (logprobs == null) {
      logprobs = more;
    } else if (more != null) {
      for (Map.Entry<String, JsonNode> list : more.properties()) {
        logprobs.withArray(list.getKey()).addAll(List.copyOf(list.getValue().values()));
      }
    }
  }

  void write(ObjectNode choice, CompletionRequest request, LogprobsFormat format) {
    choice.put("text", text.toString());
    if (logprobs == null) {
      choice.putNull("logprobs");
    } else {
      choice.set("logprobs", logprobs);
    }
    if (finished != null) {
      choice.put("finish_reason", FinishReasons.text(finished.reason()));
      FinishReasons.putStopReason(choice, finished);
    }
    if (promptLogprobs != null) {
      choice.set("prompt_logprobs", format.prompt(promptLogprobs));
    }
    if (request.tokenIds() == TokenIds.RETURNED) {
      Ids.addAll(choice.putArray("prompt_token_ids"), promptIds);
      Ids.addAll(choice.putArray("token_ids"), tokens.toArray());
    }
  }
}
