package dev.tenon.api;

import java.util.Arrays;

/** What a generation continues. */
public sealed interface Prompt {
  /** Text, encoded by the model's tokenizer; special tokens written out in it count as such. */
  record Text(String text) implements Prompt {}

  /** Token ids. */
  @SuppressWarnings("ArrayRecordComponent") // defensive copies below; equality is not used
  record Tokens(int[] ids) implements Prompt {
    /** Copies the ids. */
    public Tokens {
      ids = ids.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Tokens tokens && Arrays.equals(ids, tokens.ids);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(ids);
    }

    @Override
    public String toString() {
      return "Tokens[" + ids.length + "]";
    }
  }

  /** A conversation, rendered by the model's chat template. */
  record Chat(ChatPrompt conversation) implements Prompt {}

  /** Shorthand for {@link Text}. */
  static Prompt of(String text) {
    return new Text(text);
  }

  /** Shorthand for {@link Tokens}. */
  static Prompt of(int... ids) {
    return new Tokens(ids);
  }
}
