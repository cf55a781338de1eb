package dev.tenon.server.javalin;

import dev.tenon.spi.text.Detokenizer;
import dev.tenon.spi.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/** A token per UTF-16 unit below {@link #SIZE}. */
final class CharacterTokenizer implements Tokenizer {
  static final int SIZE = 1000;

  @Override
  public int[] encode(String text) {
    return text.chars().map(unit -> Math.min(unit, SIZE - 1)).toArray();
  }

  @Override
  public String decode(int[] ids, SpecialTokens specialTokens) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append((char) id);
    }
    return text.toString();
  }

  @Override
  public Detokenizer detokenizer(SpecialTokens specialTokens) {
    throw new UnsupportedOperationException("the server leaves this to the engine");
  }

  @Override
  public byte[] bytes(int id) {
    return String.valueOf((char) id).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public boolean isSpecial(int id) {
    return false;
  }

  @Override
  public OptionalInt id(String token) {
    return token.length() == 1 ? OptionalInt.of(token.charAt(0)) : OptionalInt.empty();
  }

  @Override
  public int vocabularySize() {
    return SIZE;
  }
}
