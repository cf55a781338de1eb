package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** Python's methods that look for text in text. Positions count code points. */
final class TextSearch {
  private TextSearch() {}

  static Object call(String text, String name, Arguments arguments) {
    Bound bound = arguments.bind(name, "sub", "start", "end");
    int length = Types.length(text);
    int start = bound(bound, 1, length, 0);
    int end = bound(bound, 2, length, length);
    if (start > end || start > length) {
      return notFound(name);
    }
    int offset = text.offsetByCodePoints(0, start);
    String part = text.substring(offset, text.offsetByCodePoints(offset, end - start));
    if (name.equals("startswith") || name.equals("endswith")) {
      return affix(part, name.equals("startswith"), bound);
    }
    String wanted = bound.text(0);
    if (name.equals("count")) {
      return count(part, wanted);
    }
    int found = name.startsWith("r") ? part.lastIndexOf(wanted) : part.indexOf(wanted);
    return found < 0 ? notFound(name) : (Object) (long) (start + part.codePointCount(0, found));
  }

  private static int bound(Bound bound, int place, int length, int otherwise) {
    if (!bound.has(place) || bound.value(place) instanceof None) {
      return otherwise;
    }
    int index = bound.integer(place);
    return index < 0 ? Math.max(0, index + length) : place == 2 ? Math.min(index, length) : index;
  }

  private static Object notFound(String name) {
    return switch (name) {
      case "startswith", "endswith" -> false;
      case "count" -> 0L;
      case "index", "rindex" -> throw JinjaException.value("substring not found");
      default -> -1L;
    };
  }

  private static boolean affix(String part, boolean atStart, Bound bound) {
    List<Object> wanted =
        bound.value(0) instanceof Tuple tuple ? tuple.items() : List.of(bound.text(0));
    for (Object candidate : wanted) {
      if (candidate instanceof String affix
          && (atStart ? part.startsWith(affix) : part.endsWith(affix))) {
        return true;
      }
    }
    return false;
  }

  private static long count(String text, String wanted) {
    if (wanted.isEmpty()) {
      return Types.length(text) + 1L;
    }
    long count = 0;
    for (int at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length())) {
      count++;
    }
    return count;
  }
}
