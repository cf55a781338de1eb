package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** Python's methods of text that make text, lists or positions. */
final class TextMethods {
  private TextMethods() {}

  static boolean isKnown(String name) {
    return switch (name) {
      case "upper", "lower", "casefold", "title", "capitalize", "swapcase" -> true;
      case "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "replace" -> true;
      case "split", "rsplit", "splitlines", "partition", "rpartition", "join" -> true;
      case "startswith", "endswith", "find", "rfind", "index", "rindex", "count" -> true;
      case "center", "ljust", "rjust", "zfill", "expandtabs", "format" -> true;
      default -> false;
    };
  }

  static Object call(String text, String name, Arguments arguments, Run run) {
    run.budget().text(text.length());
    return switch (name) {
      case "upper", "lower", "casefold", "title", "capitalize", "swapcase" ->
          changeCase(text, name, arguments);
      case "strip", "lstrip", "rstrip" ->
          Characters.strip(
              text,
              set(arguments.bind(name, "chars")),
              !name.equals("rstrip"),
              !name.equals("lstrip"));
      case "removeprefix", "removesuffix" -> remove(text, name, arguments);
      case "replace" -> replace(text, arguments, run);
      case "split", "rsplit", "splitlines", "partition", "rpartition" ->
          TextSplitting.call(text, name, arguments, run);
      case "join" -> join(text, arguments.bind(name, "iterable").value(0), run);
      case "startswith", "endswith", "find", "rfind", "index", "rindex", "count" ->
          TextSearch.call(text, name, arguments);
      case "format" -> BraceFormat.apply(text, arguments, run);
      default -> pad(text, name, arguments, run);
    };
  }

  private static String changeCase(String text, String name, Arguments arguments) {
    arguments.bind(name);
    return switch (name) {
      case "upper" -> TextCase.upper(text);
      case "title" -> TextCase.title(text);
      case "capitalize" -> TextCase.capitalize(text);
      case "swapcase" -> TextCase.swap(text);
      case "casefold" -> TextCase.lower(text).replace("ß", "ss");
      default -> TextCase.lower(text);
    };
  }

  private static Object set(Bound bound) {
    return bound.has(0) && !(bound.value(0) instanceof None) ? bound.text(0) : None.NONE;
  }

  private static String remove(String text, String name, Arguments arguments) {
    String part = arguments.bind(name, "part").text(0);
    if (name.equals("removeprefix")) {
      return text.startsWith(part) ? text.substring(part.length()) : text;
    }
    return text.endsWith(part) ? text.substring(0, text.length() - part.length()) : text;
  }

  private static String replace(String text, Arguments arguments, Run run) {
    Bound bound = arguments.bind("replace", "old", "new", "count");
    return replace(text, bound.text(0), bound.text(1), bound.integer(2, -1), run);
  }

  /** {@code str.replace}; a negative count replaces all. */
  static String replace(String text, String old, String replacement, int count, Run run) {
    TextBuilder out = new TextBuilder(run.budget());
    int done = 0;
    int from = 0;
    while (count < 0 || done < count) {
      run.budget().step();
      int found = text.indexOf(old, from);
      if (found < 0) {
        break;
      }
      out.append(text.substring(from, found)).append(replacement);
      done++;
      from = found + old.length();
      if (old.isEmpty()) {
        if (found == text.length()) {
          return out.toString();
        }
        int next = text.offsetByCodePoints(found, 1);
        out.append(text.substring(found, next));
        from = next;
      }
    }
    return out.append(text.substring(from)).toString();
  }

  private static String join(String separator, Object iterable, Run run) {
    if (iterable instanceof Undefined) {
      return "";
    }
    TextBuilder out = new TextBuilder(run.budget());
    List<Object> items = Iteration.items(iterable, run.budget());
    for (int i = 0; i < items.size(); i++) {
      run.budget().step();
      if (!(items.get(i) instanceof String item)) {
        throw JinjaException.type(
            "sequence item %d: expected str instance, %s found"
                .formatted(i, Types.name(items.get(i))));
      }
      out.append(i > 0 ? separator : "").append(item);
    }
    return out.toString();
  }

  private static String pad(String text, String name, Arguments arguments, Run run) {
    if (name.equals("expandtabs")) {
      return expandTabs(text, arguments.bind(name, "tabsize").integer(0, 8), run);
    }
    Bound bound = arguments.bind(name, "width", "fillchar");
    int missing = Math.max(0, bound.integer(0) - Types.length(text));
    TextBuilder out = new TextBuilder(run.budget());
    if (name.equals("zfill")) {
      int sign = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
      out.append(text.substring(0, sign)).repeat("0", missing);
      return out.append(text.substring(sign)).toString();
    }
    String fill = bound.text(1, " ");
    if (Types.length(fill) != 1) {
      throw JinjaException.type("The fill character must be exactly one character long");
    }
    int left =
        switch (name) {
          case "ljust" -> 0;
          case "rjust" -> missing;
          default -> missing / 2 + (missing & bound.integer(0) & 1);
        };
    return out.repeat(fill, left).append(text).repeat(fill, missing - left).toString();
  }

  private static String expandTabs(String text, int size, Run run) {
    TextBuilder out = new TextBuilder(run.budget());
    int column = 0;
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      if (character == '\t') {
        int width = size <= 0 ? 0 : size - column % size;
        out.repeat(" ", width);
        column += width;
      } else {
        out.append(character);
        column = character == '\n' || character == '\r' ? 0 : column + 1;
      }
    }
    return out.toString();
  }
}
