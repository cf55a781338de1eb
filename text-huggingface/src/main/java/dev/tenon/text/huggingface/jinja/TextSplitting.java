package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's methods that take text apart. */
final class TextSplitting {
  private TextSplitting() {}

  static Object call(String text, String name, Arguments arguments, Run run) {
    switch (name) {
      case "splitlines":
        return lines(text, arguments.bind(name, "keepends").truth(0, false), run);
      case "partition", "rpartition":
        return partition(text, arguments.bind(name, "sep").text(0), name.equals("partition"));
      default:
        Bound bound = arguments.bind(name, "sep", "maxsplit");
        int limit = bound.integer(1, -1);
        int most = limit < 0 ? Integer.MAX_VALUE : limit;
        boolean fromRight = name.equals("rsplit");
        if (!bound.has(0) || bound.value(0) instanceof None) {
          return fromRight ? wordsFromRight(text, most, run) : words(text, most, run);
        }
        String separator = bound.text(0);
        if (separator.isEmpty()) {
          throw JinjaException.value("empty separator");
        }
        return fromRight
            ? partsFromRight(text, separator, most, run)
            : parts(text, separator, most, run);
    }
  }

  private static List<Object> parts(String text, String separator, int most, Run run) {
    List<Object> parts = new ArrayList<>();
    int from = 0;
    for (int at = text.indexOf(separator); at >= 0 && parts.size() < most; ) {
      run.budget().step();
      parts.add(text.substring(from, at));
      from = at + separator.length();
      at = text.indexOf(separator, from);
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static List<Object> partsFromRight(String text, String separator, int most, Run run) {
    List<Object> parts = new ArrayList<>();
    int end = text.length();
    while (parts.size() < most && end >= separator.length()) {
      run.budget().step();
      int at = text.lastIndexOf(separator, end - separator.length());
      if (at < 0) {
        break;
      }
      parts.add(text.substring(at + separator.length(), end));
      end = at;
    }
    parts.add(text.substring(0, end));
    return parts.reversed().stream().toList();
  }

  private static List<Object> words(String text, int most, Run run) {
    List<Object> words = new ArrayList<>();
    String rest = Characters.strip(text, None.NONE, true, false);
    int at = 0;
    while (at < rest.length()) {
      run.budget().step();
      if (words.size() == most) {
        words.add(rest.substring(at));
        break;
      }
      int end = at;
      while (end < rest.length() && !Characters.isSpace(rest.charAt(end))) {
        end++;
      }
      words.add(rest.substring(at, end));
      at = end;
      while (at < rest.length() && Characters.isSpace(rest.charAt(at))) {
        at++;
      }
    }
    return words;
  }

  private static List<Object> wordsFromRight(String text, int most, Run run) {
    List<Object> words = new ArrayList<>();
    String rest = Characters.strip(text, None.NONE, false, true);
    int end = rest.length();
    while (end > 0) {
      run.budget().step();
      if (words.size() == most) {
        words.add(rest.substring(0, end));
        break;
      }
      int at = end;
      while (at > 0 && !Characters.isSpace(rest.charAt(at - 1))) {
        at--;
      }
      words.add(rest.substring(at, end));
      end = at;
      while (end > 0 && Characters.isSpace(rest.charAt(end - 1))) {
        end--;
      }
    }
    return words.reversed().stream().toList();
  }

  private static List<Object> lines(String text, boolean keepEnds, Run run) {
    List<Object> lines = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < text.length(); i++) {
      if (!Characters.isLineEnd(text.charAt(i))) {
        continue;
      }
      run.budget().step();
      int end = i;
      if (text.charAt(i) == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
        i++;
      }
      lines.add(text.substring(from, keepEnds ? i + 1 : end));
      from = i + 1;
    }
    if (from < text.length()) {
      lines.add(text.substring(from));
    }
    return lines;
  }

  private static Tuple partition(String text, String separator, boolean first) {
    if (separator.isEmpty()) {
      throw JinjaException.value("empty separator");
    }
    int at = first ? text.indexOf(separator) : text.lastIndexOf(separator);
    if (at < 0) {
      return first ? Tuple.of(text, "", "") : Tuple.of("", "", text);
    }
    return Tuple.of(text.substring(0, at), separator, text.substring(at + separator.length()));
  }
}
