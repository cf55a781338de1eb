package dev.tenon.text.huggingface.jinja;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Filters of text. */
final class TextFilters {
  private TextFilters() {}

  static boolean isKnown(String name) {
    return switch (name) {
      case "upper", "lower", "capitalize", "title", "trim", "replace", "escape", "e" -> true;
      case "forceescape", "indent", "center", "truncate", "wordcount", "format" -> true;
      case "urlencode", "striptags" -> true;
      default -> false;
    };
  }

  static Object apply(String name, Object value, Arguments arguments, Run run) {
    String text = run.text(value);
    run.budget().text(text.length());
    return switch (name) {
      case "trim" -> {
        Bound bound = arguments.bind(name, "chars");
        Object set = bound.value(0, None.NONE);
        yield Characters.strip(text, set, true, true);
      }
      case "replace" -> {
        Bound bound = arguments.bind(name, "old", "new", "count");
        int count = bound.value(2, None.NONE) instanceof None ? -1 : bound.integer(2);
        String old = run.text(bound.value(0));
        yield TextMethods.replace(text, old, run.text(bound.value(1)), count, run);
      }
      case "indent" -> indent(text, arguments, run);
      case "center" -> {
        Object width = arguments.bind(name, "width").value(0, 80L);
        yield TextMethods.call(text, "center", Arguments.of(width), run);
      }
      case "truncate" -> truncate(text, arguments);
      case "format" ->
          PercentFormat.apply(
              text,
              arguments.named().isEmpty()
                  ? new Tuple(arguments.positional())
                  : Mappings.dict(name, arguments, run),
              run);
      default -> {
        arguments.bind(name);
        yield plain(name, text, run);
      }
    };
  }

  private static Object plain(String name, String text, Run run) {
    return switch (name) {
      case "upper" -> TextCase.upper(text);
      case "lower" -> TextCase.lower(text);
      case "capitalize" -> TextCase.capitalize(text);
      case "title" -> TextCase.titleWords(text);
      case "wordcount" -> wordCount(text);
      case "urlencode" -> percentEncoded(text, run);
      case "striptags" -> stripTags(text);
      default -> escaped(text, run);
    };
  }

  private static String escaped(String text, Run run) {
    TextBuilder out = new TextBuilder(run.budget());
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      switch (character) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&#34;");
        case '\'' -> out.append("&#39;");
        default -> out.append(character);
      }
    }
    return out.toString();
  }

  private static String indent(String text, Arguments arguments, Run run) {
    Bound bound = arguments.bind("indent", "width", "first", "blank");
    boolean isText = bound.value(0, 4L) instanceof String;
    int width = isText ? 0 : Math.max(0, bound.integer(0, 4));
    run.budget().text(width);
    String margin = isText ? bound.text(0) : " ".repeat(width);
    TextBuilder out = new TextBuilder(run.budget());
    List<String> lines = List.of(text.concat("\n").split("\n", -1));
    int last = lines.size() - 1;
    for (int i = 0; i < last; i++) {
      run.budget().step();
      boolean margined =
          i == 0 ? bound.truth(1, false) : bound.truth(2, false) || !lines.get(i).isEmpty();
      out.append(i > 0 ? "\n" : "").append(margined ? margin : "").append(lines.get(i));
    }
    return out.toString();
  }

  private static String truncate(String text, Arguments arguments) {
    Bound bound = arguments.bind("truncate", "length", "killwords", "end", "leeway");
    int length = bound.integer(0, 255);
    String end = bound.text(2, "...");
    int leeway = bound.value(3, None.NONE) instanceof None ? 5 : bound.integer(3);
    int size = Types.length(text);
    if (length < Types.length(end) || leeway < 0) {
      throw JinjaException.value("truncate needs a length of at least its end's, and leeway ≥ 0");
    }
    if (size <= (long) length + leeway) {
      return text;
    }
    int kept = length - Types.length(end);
    String start = text.substring(0, text.offsetByCodePoints(0, kept));
    int space = start.lastIndexOf(' ');
    return (bound.truth(1, false) || space < 0 ? start : start.substring(0, space)) + end;
  }

  private static long wordCount(String text) {
    long words = 0;
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      boolean wordPart = character == '_' || Character.isLetterOrDigit(character);
      words += wordPart && !inWord ? 1 : 0;
      inWord = wordPart;
    }
    return words;
  }

  private static String percentEncoded(String text, Run run) {
    TextBuilder out = new TextBuilder(run.budget());
    for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
      char character = (char) (octet & 0xff);
      boolean plain =
          character < 0x80
              && (Character.isLetterOrDigit(character) || "_.-~/".indexOf(character) >= 0);
      out.append(plain ? String.valueOf(character) : "%%%02X".formatted(octet & 0xff));
    }
    return out.toString();
  }

  private static String stripTags(String text) {
    StringBuilder out = new StringBuilder(text.length());
    int from = 0;
    for (int open = text.indexOf('<'); open >= 0; open = text.indexOf('<', from)) {
      int close = text.indexOf('>', open);
      if (close < 0) {
        break;
      }
      out.append(text, from, open);
      from = close + 1;
    }
    return String.join(" ", out.append(text.substring(from)).toString().strip().split("\\s+"));
  }
}
