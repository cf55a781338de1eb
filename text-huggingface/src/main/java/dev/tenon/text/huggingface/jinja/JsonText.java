package dev.tenon.text.huggingface.jinja;

import java.util.Comparator;
import java.util.List;

/** Text as Python's {@code json.dumps} writes it. */
final class JsonText {
  /**
   * How to write.
   *
   * @param indent text of one level of indentation; with {@code lines} false unused
   * @param lines whether each element gets a line of its own
   * @param itemSeparator between elements
   * @param keySeparator between key and value
   * @param escapeNonAscii whether characters beyond ASCII become escapes
   * @param sortKeys whether keys are sorted
   */
  record Style(
      String indent,
      boolean lines,
      String itemSeparator,
      String keySeparator,
      boolean escapeNonAscii,
      boolean sortKeys) {}

  private final Run run;
  private final Style style;
  private final TextBuilder out;

  private JsonText(Run run, Style style) {
    this.run = run;
    this.style = style;
    this.out = new TextBuilder(run.budget());
  }

  static String of(Object value, Style style, Run run) {
    JsonText json = new JsonText(run, style);
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(Object value, int level) {
    run.budget().step();
    if (value instanceof String text) {
      writeText(text);
    } else if (value instanceof Boolean truth) {
      out.append(truth ? "true" : "false");
    } else if (value instanceof None) {
      out.append("null");
    } else if (value instanceof Double number) {
      out.append(number(number));
    } else if (value instanceof Number) {
      out.append(value.toString());
    } else if (value instanceof List<?> list) {
      writeItems(list, level);
    } else if (value instanceof Tuple tuple) {
      writeItems(tuple.items(), level);
    } else if (value instanceof Dict dict) {
      writeEntries(dict, level);
    } else {
      throw JinjaException.type(
          "Object of type " + Types.name(value) + " is not JSON serializable");
    }
  }

  private static String number(double number) {
    if (Double.isNaN(number)) {
      return "NaN";
    } else if (Double.isInfinite(number)) {
      return number > 0 ? "Infinity" : "-Infinity";
    }
    return FloatText.of(number);
  }

  private void writeItems(List<?> items, int level) {
    if (items.isEmpty()) {
      out.append("[]");
      return;
    }
    run.budget().enter();
    out.append('[');
    for (int i = 0; i < items.size(); i++) {
      separate(i, level + 1);
      write(items.get(i), level + 1);
    }
    newLine(level);
    out.append(']');
    run.budget().leave();
  }

  private void writeEntries(Dict dict, int level) {
    if (dict.size() == 0) {
      out.append("{}");
      return;
    }
    run.budget().enter();
    out.append('{');
    List<Object> items = dict.items();
    if (style.sortKeys()) {
      Comparator<Object> byKey = (a, b) -> run.comparison().order(key(a), key(b), "<");
      items.sort(byKey);
    }
    for (int i = 0; i < items.size(); i++) {
      separate(i, level + 1);
      writeKey(key(items.get(i)));
      out.append(style.keySeparator());
      write(((Tuple) items.get(i)).items().get(1), level + 1);
    }
    newLine(level);
    out.append('}');
    run.budget().leave();
  }

  private static Object key(Object item) {
    return ((Tuple) item).items().getFirst();
  }

  /** JSON's keys are texts: numbers and constants become theirs. */
  private void writeKey(Object key) {
    if (key instanceof String text) {
      writeText(text);
    } else {
      out.append('"');
      write(key, 0);
      out.append('"');
    }
  }

  private void separate(int index, int level) {
    if (index > 0) {
      out.append(style.itemSeparator());
    }
    newLine(level);
  }

  private void newLine(int level) {
    if (style.lines()) {
      out.append('\n').repeat(style.indent(), level);
    }
  }

  private void writeText(String text) {
    out.append('"');
    int plain = 0;
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      boolean ascii = character < 0x80;
      if (character >= ' '
          && character != '"'
          && character != '\\'
          && (ascii || !style.escapeNonAscii())) {
        continue;
      }
      out.append(text.substring(plain, i));
      out.append(escape(character));
      plain = i + 1;
    }
    out.append(text.substring(plain)).append('"');
  }

  private static String escape(char character) {
    return switch (character) {
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      case '\f' -> "\\f";
      case '\b' -> "\\b";
      default -> {
        String hex = Integer.toHexString(character);
        yield "\\u" + "0".repeat(4 - hex.length()) + hex;
      }
    };
  }
}
