package dev.tenon.text.huggingface.jinja;

/** Python's classes of characters. */
final class Characters {
  private Characters() {}

  /** {@code str.isspace}, which Java's own predicates differ from. */
  static boolean isSpace(int character) {
    if (character < 0x80) {
      return character == ' '
          || (character >= '\t' && character <= '\r')
          || (character >= 0x1c && character <= 0x1f);
    }
    return character == 0x85
        || character == 0xa0
        || character == 0x1680
        || (character >= 0x2000 && character <= 0x200a)
        || character == 0x2028
        || character == 0x2029
        || character == 0x202f
        || character == 0x205f
        || character == 0x3000;
  }

  /** What {@code str.splitlines} splits at. */
  static boolean isLineEnd(char character) {
    return (character >= '\n' && character <= '\r')
        || (character >= 0x1c && character <= 0x1e)
        || character == 0x85
        || character == 0x2028
        || character == 0x2029;
  }

  static boolean isCased(int character) {
    return Character.isUpperCase(character)
        || Character.isLowerCase(character)
        || Character.isTitleCase(character);
  }

  /** Whether a character is one of {@code set}, or space if there is no set. */
  static boolean isStripped(int character, Object set) {
    return set instanceof String characters
        ? characters.indexOf(character) >= 0
        : isSpace(character);
  }

  /** {@code str.strip}: without the characters of {@code set} (None: space) at its sides. */
  static String strip(String text, Object set, boolean left, boolean right) {
    int start = 0;
    int end = text.length();
    while (left && start < end) {
      int character = text.codePointAt(start);
      if (!isStripped(character, set)) {
        break;
      }
      start += Character.charCount(character);
    }
    while (right && end > start) {
      int character = text.codePointBefore(end);
      if (!isStripped(character, set)) {
        break;
      }
      end -= Character.charCount(character);
    }
    return text.substring(start, end);
  }
}
