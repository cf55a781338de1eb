package dev.tenon.server.javalin;

import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.server.javalin.CompletionRequest.Echo;
import dev.tenon.spi.text.Tokenizer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The pieces of one choice's text, the echoed prompt first, with offsets that run through them. */
final class CompletionPieces {
  /**
   * A piece.
   *
   * @param text new text
   * @param tokens its ids
   * @param logprobs of its tokens, if asked for
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Piece(String text, int[] tokens, @Nullable ObjectNode logprobs) {}

  private final CompletionRequest request;
  private final GenerationRequest generation;
  private final Optional<Tokenizer> tokenizer;
  private final LogprobsFormat format;
  private int offset;

  CompletionPieces(
      CompletionRequest request,
      GenerationRequest generation,
      Optional<Tokenizer> tokenizer,
      LogprobsFormat format) {
    this.request = request;
    this.generation = generation;
    this.tokenizer = tokenizer;
    this.format = format;
  }

  /** The echoed prompt; {@code null} if it is not part of the answer. */
  @Nullable Piece prompt(GenerationEvent.PromptProcessed processed) {
    if (request.echo() == Echo.OUTPUT) {
      return null;
    }
    int[] ids = processed.promptIds();
    ObjectNode logprobs = null;
    if (generation.sampling().logprobs() != null && processed.logprobs() != null) {
      logprobs = Json.object();
      format.addFirst(logprobs, ids[0]);
      offset = format.length(ids[0]);
      add(logprobs, processed.logprobs());
    }
    String text = text(generation.prompt(), ids);
    offset = text.length();
    return new Piece(text, new int[0], logprobs);
  }

  /** Output; {@code null} if it is not part of the answer. */
  @Nullable Piece output(GenerationEvent.Delta delta) {
    if (request.echo() == Echo.PROMPT) {
      return null;
    }
    ObjectNode logprobs = null;
    if (delta.logprobs() != null) {
      logprobs = Json.object();
      add(logprobs, delta.logprobs());
    }
    return new Piece(delta.text(), delta.tokens(), logprobs);
  }

  private void add(ObjectNode logprobs, List<TokenLogprobs> tokens) {
    for (TokenLogprobs token : tokens) {
      format.addCompletion(logprobs, offset, token);
      offset += format.length(token.token());
    }
  }

  private String text(Prompt prompt, int[] ids) {
    if (prompt instanceof Prompt.Text given) {
      return given.text();
    }
    return tokenizer.map(t -> t.decode(ids, Tokenizer.SpecialTokens.KEEP)).orElse("");
  }
}
