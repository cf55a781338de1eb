package dev.tenon.server.javalin;

import dev.tenon.api.TokenLogprobs;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Log-probabilities in the forms of the two endpoints and of vLLM's prompt log-probabilities. */
final class LogprobsFormat {
  /** JSON has no infinity; OpenAI's stand-in for "never". */
  private static final float LEAST = -9999f;

  private final TokenTexts texts;

  LogprobsFormat(TokenTexts texts) {
    this.texts = texts;
  }

  /** The {@code logprobs} of a chat choice. */
  ObjectNode chat(List<TokenLogprobs> tokens) {
    ObjectNode logprobs = Json.object();
    ArrayNode content = logprobs.putArray("content");
    for (TokenLogprobs token : tokens) {
      ObjectNode entry = chatToken(token.token(), token.logprob());
      ArrayNode top = entry.putArray("top_logprobs");
      for (int i = 0; i < token.alternatives().length; i++) {
        top.add(chatToken(token.alternatives()[i], token.alternativeLogprobs()[i]));
      }
      content.add(entry);
    }
    return logprobs;
  }

  private ObjectNode chatToken(int id, float logprob) {
    ObjectNode entry = Json.object();
    entry.put("token", texts.name(id)).put("logprob", finite(logprob));
    entry.set("bytes", texts.bytes(id));
    return entry;
  }

  /** Adds a token to the {@code logprobs} of a completion choice. */
  void addCompletion(ObjectNode logprobs, int offset, TokenLogprobs token) {
    logprobs.withArray("text_offset").add(offset);
    logprobs.withArray("token_logprobs").add(finite(token.logprob()));
    logprobs.withArray("tokens").add(texts.name(token.token()));
    ObjectNode top = Json.object();
    for (int i = 0; i < token.alternatives().length; i++) {
      top.put(texts.name(token.alternatives()[i]), finite(token.alternativeLogprobs()[i]));
    }
    top.put(texts.name(token.token()), finite(token.logprob()));
    logprobs.withArray("top_logprobs").add(top);
  }

  /** Adds a token that nothing precedes and that therefore has no probability. */
  void addFirst(ObjectNode logprobs, int id) {
    logprobs.withArray("text_offset").add(0);
    logprobs.withArray("token_logprobs").addNull();
    logprobs.withArray("tokens").add(texts.name(id));
    logprobs.withArray("top_logprobs").addNull();
  }

  /** Length of a token's text, for offsets. */
  int length(int id) {
    return texts.text(id).length();
  }

  /** vLLM's {@code prompt_logprobs}: {@code null} for the first position, then maps by id. */
  ArrayNode prompt(List<TokenLogprobs> tokens) {
    ArrayNode list = Json.array();
    list.addNull();
    for (TokenLogprobs token : tokens) {
      ObjectNode position = list.addObject();
      putPrompt(position, token.token(), token.logprob(), token.rank());
      for (int i = 0; i < token.alternatives().length; i++) {
        int id = token.alternatives()[i];
        if (id != token.token()) {
          putPrompt(position, id, token.alternativeLogprobs()[i], i + 1);
        }
      }
    }
    return list;
  }

  private void putPrompt(ObjectNode position, int id, float logprob, int rank) {
    position
        .putObject(String.valueOf(id))
        .put("logprob", finite(logprob))
        .put("rank", rank)
        .put("decoded_token", texts.text(id));
  }

  private static float finite(float logprob) {
    return Math.max(logprob, LEAST);
  }
}
