package dev.tenon.spi.text;

/**
 * Turns ids into text as they come, never emitting half a character. All pieces joined equal the
 * decoding of all ids at once. For one thread at a time.
 */
public interface Detokenizer {
  /** Takes an id and returns the text that is complete by now, possibly empty. */
  String feed(int id);

  /** Returns what was held back, with U+FFFD for an incomplete character. Called once, last. */
  String finish();
}
