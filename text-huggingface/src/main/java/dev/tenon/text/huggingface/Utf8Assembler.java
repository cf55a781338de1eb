package dev.tenon.text.huggingface;

/**
 * Puts characters together from bytes that come one by one. What cannot become a character is
 * replaced by U+FFFD, one for each longest start of a character (Unicode 16, section 3.9, "best
 * practice for using U+FFFD"), so that the result does not depend on how the bytes are cut.
 */
final class Utf8Assembler {
  private static final char REPLACEMENT = '\ufffd';

  private final StringBuilder out = new StringBuilder();
  private int character;
  private int missing;
  private int least;
  private int most;

  void feed(byte octet) {
    int value = octet & 0xff;
    if (missing > 0) {
      if (value >= least && value <= most) {
        proceed(value);
        return;
      }
      missing = 0;
      out.append(REPLACEMENT);
    }
    start(value);
  }

  private void proceed(int value) {
    character = character << 6 | (value & 0x3f);
    least = 0x80;
    most = 0xbf;
    if (--missing == 0) {
      out.appendCodePoint(character);
    }
  }

  private void start(int value) {
    if (value < 0x80) {
      out.append((char) value);
    } else if (value < 0xc2 || value > 0xf4) {
      out.append(REPLACEMENT);
    } else {
      missing = value < 0xe0 ? 1 : value < 0xf0 ? 2 : 3;
      character = value & (0x3f >> missing);
      // The first continuation byte excludes overlong forms, surrogates and what is beyond Unicode.
      least = value == 0xe0 ? 0xa0 : value == 0xf0 ? 0x90 : 0x80;
      most = value == 0xed ? 0x9f : value == 0xf4 ? 0x8f : 0xbf;
    }
  }

  /** The characters complete by now, which are then forgotten. */
  String take() {
    String text = out.toString();
    out.setLength(0);
    return text;
  }

  /** As {@link #take()}, with U+FFFD for a character that is not complete. */
  String finish() {
    if (missing > 0) {
      missing = 0;
      out.append(REPLACEMENT);
    }
    return take();
  }
}
