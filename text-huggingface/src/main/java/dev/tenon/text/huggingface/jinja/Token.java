package dev.tenon.text.huggingface.jinja;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text its characters; of a string, what it stands for
 * @param line where it starts, counted from 1
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    DATA,
    BLOCK_BEGIN,
    BLOCK_END,
    OUTPUT_BEGIN,
    OUTPUT_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind wanted, String wantedText) {
    return kind == wanted && text.equals(wantedText);
  }

  /** For messages. */
  String shown() {
    return switch (kind) {
      case DATA -> "text";
      case BLOCK_BEGIN -> "'{%'";
      case BLOCK_END -> "the end of the tag";
      case OUTPUT_BEGIN -> "'{{'";
      case OUTPUT_END -> "'}}'";
      case STRING -> "a string";
      case END -> "the end of the template";
      default -> "'" + text + "'";
    };
  }
}
