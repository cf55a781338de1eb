package dev.tenon.parser.hermes;

/**
 * Finds the two tags in a text that comes character by character. Both begin with the only {@code
 * <} they hold, so a failed match can hide no other beginning.
 */
final class TagMatcher {
  static final String OPEN = "<tool_call>";
  static final String CLOSE = "</tool_call>";

  /** What a character did. */
  enum Match {
    /** It belongs to no tag; {@link #take} first, then the character itself, are plain text. */
    NONE,
    /** It may belong to a tag and is held back. */
    PARTIAL,
    /** It ended an opening tag. */
    OPENED,
    /** It ended a closing tag. */
    CLOSED
  }

  private String tag = OPEN;
  private int matched;

  Match feed(char character) {
    if (matched == 1 && character == '/') {
      tag = CLOSE;
    }
    if (character == tag.charAt(matched)) {
      matched++;
      if (matched < tag.length()) {
        return Match.PARTIAL;
      }
      Match whole = tag.equals(OPEN) ? Match.OPENED : Match.CLOSED;
      reset();
      return whole;
    }
    return Match.NONE;
  }

  /** The text that turned out to be no tag, or has no end; empty if nothing is held back. */
  String take() {
    String text = tag.substring(0, matched);
    reset();
    return text;
  }

  private void reset() {
    tag = OPEN;
    matched = 0;
  }
}
