package dev.tenon.spi.text;

import java.util.OptionalInt;

/** Text to token ids and back. Thread-safe. */
public interface Tokenizer {
  /** Ids of a text; special tokens written out in it become their ids. Adds none of its own. */
  int[] encode(String text);

  /** Text of ids; bytes that are not UTF-8 become U+FFFD. Unknown ids have no text. */
  String decode(int[] ids, SpecialTokens specialTokens);

  /** A decoder that takes ids one by one. */
  Detokenizer detokenizer(SpecialTokens specialTokens);

  /** The bytes that an id stands for; empty for ids without text. */
  byte[] bytes(int id);

  /** Whether an id is a special token, left out of text on request. */
  boolean isSpecial(int id);

  /** The id of a token by its exact spelling in the vocabulary, special tokens included. */
  OptionalInt id(String token);

  /** Number of ids that have a text or a name; a model's vocabulary may be padded beyond. */
  int vocabularySize();

  /** What becomes of special tokens in text. */
  enum SpecialTokens {
    /** Left out. */
    SKIP,
    /** Written out. */
    KEEP
  }
}
