package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** Python's {@code str} and {@code repr} of values. */
final class Text {
  private final Budget budget;

  Text(Budget budget) {
    this.budget = budget;
  }

  /** {@code str(value)}. */
  String of(Object value) {
    if (value instanceof String text) {
      return text;
    } else if (value instanceof Undefined) {
      return "";
    }
    TextBuilder out = new TextBuilder(budget);
    show(value, out);
    return out.toString();
  }

  /** {@code repr(value)}. */
  String quoted(Object value) {
    TextBuilder out = new TextBuilder(budget);
    show(value, out);
    return out.toString();
  }

  private void show(Object value, TextBuilder out) {
    budget.step();
    if (value instanceof String text) {
      quote(text, out);
    } else if (value instanceof Boolean truth) {
      out.append(truth ? "True" : "False");
    } else if (value instanceof None) {
      out.append("None");
    } else if (value instanceof Double number) {
      out.append(FloatText.of(number));
    } else if (value instanceof Number) {
      out.append(value.toString());
    } else if (value instanceof List<?> list) {
      showItems("[", list, "]", out);
    } else if (value instanceof Tuple tuple) {
      showItems("(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")", out);
    } else if (value instanceof Dict dict) {
      showEntries(dict, out);
    } else if (value instanceof View view) {
      showItems(view.kind() + "([", view.items(), "])", out);
    } else if (value instanceof Range range) {
      out.append(range.text());
    } else if (value instanceof Undefined) {
      out.append("Undefined");
    } else {
      out.append("<").append(Types.name(value)).append(">");
    }
  }

  private void showItems(String open, List<?> items, String close, TextBuilder out) {
    budget.enter();
    out.append(open);
    for (int i = 0; i < items.size(); i++) {
      if (i > 0) {
        out.append(", ");
      }
      show(items.get(i), out);
    }
    out.append(close);
    budget.leave();
  }

  private void showEntries(Dict dict, TextBuilder out) {
    budget.enter();
    List<Object> keys = dict.keys();
    List<Object> values = dict.values();
    out.append("{");
    for (int i = 0; i < keys.size(); i++) {
      if (i > 0) {
        out.append(", ");
      }
      show(keys.get(i), out);
      out.append(": ");
      show(values.get(i), out);
    }
    out.append("}");
    budget.leave();
  }

  private static void quote(String text, TextBuilder out) {
    char mark = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    out.append(mark);
    for (int i = 0; i < text.length(); ) {
      int character = text.codePointAt(i);
      int next = i + Character.charCount(character);
      if (character == mark || character == '\\') {
        out.append('\\').append((char) character);
      } else if (character == '\n') {
        out.append("\\n");
      } else if (character == '\r') {
        out.append("\\r");
      } else if (character == '\t') {
        out.append("\\t");
      } else if (isPrintable(character)) {
        out.append(text.substring(i, next));
      } else {
        out.append(escape(character));
      }
      i = next;
    }
    out.append(mark);
  }

  private static boolean isPrintable(int character) {
    if (character == ' ') {
      return true;
    }
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }

  private static String escape(int character) {
    String hex = Integer.toHexString(character);
    if (character < 0x100) {
      return "\\x" + "0".repeat(2 - hex.length()) + hex;
    } else if (character < 0x10000) {
      return "\\u" + "0".repeat(4 - hex.length()) + hex;
    }
    return "\\U" + "0".repeat(8 - hex.length()) + hex;
  }
}
