package dev.tenon.parser.hermes;

/**
 * Finds the end of one JSON value that comes character by character: brackets count outside strings
 * only. Keeps no text.
 */
final class ValueScanner {
  /** Where a value stands after a character. */
  enum Progress {
    /** The character belongs to the value, which goes on. */
    INSIDE,
    /** The character is the value's last one. */
    LAST,
    /** The value ended before this character. */
    BEFORE
  }

  private int depth;
  private boolean inString;
  private boolean escaped;
  private boolean scalar;

  /** Begins a value; returns whether one can begin with this character. */
  boolean start(char first) {
    depth = 0;
    inString = first == '"';
    escaped = false;
    scalar = first == '-' || Character.isLetterOrDigit(first);
    if (first == '{' || first == '[') {
      depth = 1;
    }
    return inString || scalar || depth == 1;
  }

  boolean insideString() {
    return inString;
  }

  Progress accept(char character) {
    if (inString) {
      return acceptInString(character);
    }
    if (scalar) {
      boolean goesOn = Character.isLetterOrDigit(character) || "+-.".indexOf(character) >= 0;
      return goesOn ? Progress.INSIDE : Progress.BEFORE;
    }
    switch (character) {
      case '"' -> inString = true;
      case '{', '[' -> depth++;
      case '}', ']' -> depth--;
      case '<' -> {
        return Progress.BEFORE;
      }
      default -> {}
    }
    return depth == 0 ? Progress.LAST : Progress.INSIDE;
  }

  private Progress acceptInString(char character) {
    if (escaped) {
      escaped = false;
    } else if (character == '\\') {
      escaped = true;
    } else if (character == '"') {
      inString = false;
      return depth == 0 ? Progress.LAST : Progress.INSIDE;
    }
    return Progress.INSIDE;
  }
}
