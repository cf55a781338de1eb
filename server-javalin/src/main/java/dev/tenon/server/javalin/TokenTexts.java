package dev.tenon.server.javalin;

import dev.tenon.spi.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;

/** Names tokens in log-probabilities. */
final class TokenTexts {
  private final Optional<Tokenizer> tokenizer;
  private final TokenForm form;

  TokenTexts(Optional<Tokenizer> tokenizer, TokenForm form) {
    this.tokenizer = tokenizer;
    this.form = form;
  }

  String name(int id) {
    return form == TokenForm.ID ? "token_id:" + id : text(id);
  }

  String text(int id) {
    return tokenizer
        .map(texts -> texts.decode(new int[] {id}, Tokenizer.SpecialTokens.KEEP))
        .orElse("token_id:" + id);
  }

  ArrayNode bytes(int id) {
    byte[] bytes = tokenizer.map(texts -> texts.bytes(id)).orElse(new byte[0]);
    if (bytes.length == 0) {
      bytes = text(id).getBytes(StandardCharsets.UTF_8);
    }
    ArrayNode list = Json.array();
    for (byte value : bytes) {
      list.add(value & 0xff);
    }
    return list;
  }
}
