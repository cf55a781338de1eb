package dev.tenon.parser.hermes;

import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Small questions about pieces of JSON text. */
final class JsonText {
  private static final String NO_ARGUMENTS = "{}";
  private static final JsonMapper JSON = JsonMapper.shared();

  private JsonText() {}

  /** The value of a quoted JSON string; empty if it is none. */
  static String decode(String quoted) {
    try {
      JsonNode value = JSON.readTree(quoted);
      return value.isString() ? value.stringValue() : "";
    } catch (JacksonException notJson) {
      return "";
    }
  }

  static boolean isValue(String text) {
    try {
      return !JSON.readTree(text).isMissingNode();
    } catch (JacksonException notJson) {
      return false;
    }
  }

  /**
   * Arguments as clients expect them: nothing is an empty object, and an object that was written as
   * a string is taken out of it.
   */
  static String normalised(String arguments) {
    if (arguments.equals("null")) {
      return NO_ARGUMENTS;
    }
    if (!arguments.startsWith("\"")) {
      return arguments;
    }
    String inner = decode(arguments).strip();
    if (inner.isEmpty()) {
      return arguments.equals("\"\"") ? NO_ARGUMENTS : arguments;
    }
    return inner.startsWith("{") && isValue(inner) ? inner : arguments;
  }

  /** A character within a JSON string: raw control characters, not allowed there, are escaped. */
  static String inString(char character) {
    if (character >= ' ') {
      return String.valueOf(character);
    }
    return switch (character) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> String.format(Locale.ROOT, "\\u%04x", (int) character);
    };
  }

  static boolean isSpace(char character) {
    return character == ' ' || character == '\n' || character == '\r' || character == '\t';
  }
}
