package dev.tenon.engine.tck.fake;

import dev.tenon.spi.text.Detokenizer;
import dev.tenon.spi.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/**
 * One id per printable ASCII character, 0 for a space and so on; the last id is the special token
 * {@code <end>}. A text of n characters has n ids.
 */
public final class FakeTokenizer implements Tokenizer {
  /** Number of ids. */
  public static final int SIZE = 96;

  /** The special token that ends a text. */
  public static final int END = SIZE - 1;

  private static final String END_TEXT = "<end>";

  @Override
  public int[] encode(String text) {
    return text.chars().map(c -> Math.floorMod(c - ' ', END)).toArray();
  }

  @Override
  public String decode(int[] ids, SpecialTokens specialTokens) {
    Detokenizer detokenizer = detokenizer(specialTokens);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(detokenizer.feed(id));
    }
    return text.append(detokenizer.finish()).toString();
  }

  @Override
  public Detokenizer detokenizer(SpecialTokens specialTokens) {
    return new Detokenizer() {
      @Override
      public String feed(int id) {
        if (id == END) {
          return specialTokens == SpecialTokens.KEEP ? END_TEXT : "";
        }
        return id < END ? Character.toString(' ' + id) : "";
      }

      @Override
      public String finish() {
        return "";
      }
    };
  }

  @Override
  public byte[] bytes(int id) {
    return id < END ? Character.toString(' ' + id).getBytes(StandardCharsets.UTF_8) : new byte[0];
  }

  @Override
  public boolean isSpecial(int id) {
    return id == END;
  }

  @Override
  public OptionalInt id(String token) {
    if (token.equals(END_TEXT)) {
      return OptionalInt.of(END);
    }
    return token.length() == 1 ? OptionalInt.of(encode(token)[0]) : OptionalInt.empty();
  }

  @Override
  public int vocabularySize() {
    return SIZE;
  }
}
