package dev.tenon.text.huggingface.jinja;

import java.util.function.IntPredicate;

/** The {@code is…} methods of text. */
final class TextPredicates {
  private TextPredicates() {}

  static boolean isKnown(String name) {
    return switch (name) {
      case "isdigit", "isnumeric", "isdecimal", "isalpha", "isalnum", "isspace", "isupper" -> true;
      case "islower", "istitle", "isascii", "isidentifier", "isprintable" -> true;
      default -> false;
    };
  }

  static boolean call(String text, String name, Arguments arguments) {
    arguments.bind(name);
    return switch (name) {
      case "isdigit", "isdecimal" -> all(text, Character::isDigit);
      case "isnumeric" -> all(text, TextPredicates::isNumeric);
      case "isalpha" -> all(text, Character::isLetter);
      case "isalnum" -> all(text, c -> Character.isLetter(c) || isNumeric(c));
      case "isspace" -> all(text, Characters::isSpace);
      case "isascii" -> text.chars().allMatch(c -> c < 0x80);
      case "isupper" -> cased(text, Character::isUpperCase);
      case "islower" -> cased(text, Character::isLowerCase);
      case "istitle" -> !text.isEmpty() && text.equals(TextCase.title(text)) && anyCased(text);
      case "isidentifier" -> isIdentifier(text);
      default -> text.codePoints().noneMatch(Character::isISOControl);
    };
  }

  private static boolean isNumeric(int character) {
    return switch (Character.getType(character)) {
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
      default -> false;
    };
  }

  private static boolean all(String text, IntPredicate predicate) {
    return !text.isEmpty() && text.codePoints().allMatch(predicate);
  }

  private static boolean anyCased(String text) {
    return text.codePoints().anyMatch(Characters::isCased);
  }

  private static boolean cased(String text, IntPredicate predicate) {
    return anyCased(text)
        && text.codePoints().allMatch(c -> !Characters.isCased(c) || predicate.test(c));
  }

  private static boolean isIdentifier(String text) {
    return !text.isEmpty()
        && (text.charAt(0) == '_' || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
        && text.codePoints().allMatch(c -> c == '_' || Character.isUnicodeIdentifierPart(c));
  }
}
