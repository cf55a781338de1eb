package dev.tenon.text.huggingface.jinja;

import java.util.Locale;

/** Changes of upper and lower case as Python makes them. */
final class TextCase {
  private TextCase() {}

  static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  /** First character upper case, the rest lower case. */
  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.offsetByCodePoints(0, 1);
    return upper(text.substring(0, first)).concat(lower(text.substring(first)));
  }

  /** {@code str.title}: upper case after anything that has no case. */
  static String title(String text) {
    StringBuilder out = new StringBuilder(text.length());
    boolean inWord = false;
    for (int character : text.codePoints().toArray()) {
      out.appendCodePoint(
          inWord ? Character.toLowerCase(character) : Character.toTitleCase(character));
      inWord = Characters.isCased(character);
    }
    return out.toString();
  }

  /** Jinja's filter {@code title}: upper case after space and opening brackets only. */
  static String titleWords(String text) {
    StringBuilder out = new StringBuilder(text.length());
    boolean inWord = false;
    for (int character : text.codePoints().toArray()) {
      out.append(
          inWord ? lower(Character.toString(character)) : upper(Character.toString(character)));
      inWord = !Characters.isSpace(character) && "-([{<".indexOf(character) < 0;
    }
    return out.toString();
  }

  static String swap(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int character : text.codePoints().toArray()) {
      String one = Character.toString(character);
      out.append(Character.isUpperCase(character) ? lower(one) : upper(one));
    }
    return out.toString();
  }
}
