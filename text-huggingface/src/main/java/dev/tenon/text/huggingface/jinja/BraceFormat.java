package dev.tenon.text.huggingface.jinja;

/** {@code str.format} with positions, names, attributes, elements and formats. */
final class BraceFormat {
  private final String format;
  private final Arguments arguments;
  private final Run run;
  private int used;

  private BraceFormat(String format, Arguments arguments, Run run) {
    this.format = format;
    this.arguments = arguments;
    this.run = run;
  }

  static String apply(String format, Arguments arguments, Run run) {
    return new BraceFormat(format, arguments, run).render();
  }

  private String render() {
    TextBuilder out = new TextBuilder(run.budget());
    for (int i = 0; i < format.length(); i++) {
      char character = format.charAt(i);
      if (character != '{' && character != '}') {
        out.append(character);
      } else if (i + 1 < format.length() && format.charAt(i + 1) == character) {
        out.append(character);
        i++;
      } else {
        int end = character == '{' ? format.indexOf('}', i) : -1;
        if (end < 0) {
          throw JinjaException.value("Single '" + character + "' encountered in format string");
        }
        out.append(field(format.substring(i + 1, end)));
        i = end;
      }
    }
    return out.toString();
  }

  private String field(String field) {
    int colon = field.indexOf(':');
    String spec = colon < 0 ? "" : field.substring(colon + 1);
    String name = colon < 0 ? field : field.substring(0, colon);
    boolean quoted = name.endsWith("!r");
    Object value =
        value(name.endsWith("!s") || quoted ? name.substring(0, name.length() - 2) : name);
    return FormatSpec.parse(spec).apply(quoted ? run.quoted(value) : value, run);
  }

  private Object value(String path) {
    int end = 0;
    while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
      end++;
    }
    Object value = first(path.substring(0, end));
    while (end < path.length()) {
      if (path.charAt(end) == '[') {
        int close = path.indexOf(']', end);
        if (close < 0) {
          throw JinjaException.value("Missing ']' in format string");
        }
        String key = path.substring(end + 1, close);
        value = Access.element(value, isDigits(key) ? (Object) Long.valueOf(key) : key);
        end = close + 1;
      } else {
        int next = end + 1;
        while (next < path.length() && path.charAt(next) != '.' && path.charAt(next) != '[') {
          next++;
        }
        value = Access.attribute(value, path.substring(end + 1, next));
        end = next;
      }
    }
    return value;
  }

  private static boolean isDigits(String text) {
    return !text.isEmpty()
        && text.length() < 10
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private Object first(String name) {
    if (name.isEmpty() || isDigits(name)) {
      int place = name.isEmpty() ? used++ : Integer.parseInt(name);
      if (place >= arguments.positional().size()) {
        throw JinjaException.value("Replacement index " + place + " out of range");
      }
      return arguments.positional().get(place);
    }
    Object value = arguments.named().get(name);
    if (value == null) {
      throw JinjaException.value("format has no argument named '" + name + "'");
    }
    return value;
  }
}
