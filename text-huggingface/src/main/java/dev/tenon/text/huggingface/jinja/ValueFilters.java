package dev.tenon.text.huggingface.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/** Filters of single values: numbers, conversions, defaults, JSON, attributes. */
final class ValueFilters {
  private ValueFilters() {}

  static boolean isKnown(String name) {
    return switch (name) {
      case "default", "d", "abs", "int", "float", "round", "string", "safe", "tojson" -> true;
      case "attr", "items", "length", "count", "pprint" -> true;
      default -> false;
    };
  }

  static Object apply(String name, Object value, Arguments arguments, Run run) {
    return switch (name) {
      case "default", "d" -> otherwise(value, arguments);
      case "abs" -> {
        arguments.bind(name);
        yield Numbers.compare(number(name, value), 0L) < 0 ? Numbers.negate(value) : value;
      }
      case "int" -> integer(value, arguments, run);
      case "float" -> real(value, arguments.bind(name, "default"));
      case "round" -> round(number(name, value), arguments);
      case "tojson" -> json(value, arguments, run);
      case "attr" -> attribute(value, arguments.bind(name, "name").text(0));
      case "items" -> items(value);
      case "pprint" -> run.quoted(value);
      case "length", "count" -> (long) Types.length(value);
      default -> run.text(value);
    };
  }

  private static Object otherwise(Object value, Arguments arguments) {
    Bound bound = arguments.bind("default", "default_value", "boolean");
    boolean missing = value instanceof Undefined || (bound.truth(1, false) && !Types.truth(value));
    return missing ? bound.value(0, "") : value;
  }

  private static Object number(String filter, Object value) {
    if (value instanceof Undefined missing) {
      throw missing.failure();
    } else if (!Types.isNumber(value)) {
      throw JinjaException.type(filter + " takes a number, not " + Types.name(value));
    }
    return value;
  }

  private static Object integer(Object value, Arguments arguments, Run run) {
    Bound bound = arguments.bind("int", "default", "base");
    Object otherwise = bound.value(0, 0L);
    if (value instanceof Double number) {
      return Double.isFinite(number)
          ? Numbers.integer(new BigDecimal(number).toBigInteger())
          : otherwise;
    } else if (Types.isNumber(value)) {
      return Numbers.integer(Numbers.big(value));
    }
    if (!(value instanceof String text)) {
      return otherwise;
    }
    String digits = Characters.strip(text, None.NONE, true, true).replace("_", "");
    run.budget().integer(digits.length() * 3L);
    try {
      int base = Math.clamp(bound.integer(1, 10), 0, 37);
      return Numbers.integer(new BigInteger(withoutPrefix(digits, base), base));
    } catch (NumberFormatException notWhole) {
      Object real = real(text, Arguments.of(None.NONE).bind("float", "default"));
      return real instanceof Double number && Double.isFinite(number)
          ? Numbers.integer(new BigDecimal(number).toBigInteger())
          : otherwise;
    }
  }

  private static String withoutPrefix(String digits, int base) {
    String prefix =
        switch (base) {
          case 16 -> "0x";
          case 8 -> "0o";
          case 2 -> "0b";
          default -> "";
        };
    boolean prefixed = digits.regionMatches(true, 0, prefix, 0, prefix.length());
    return prefixed ? digits.substring(prefix.length()) : digits;
  }

  private static Object real(Object value, Bound bound) {
    Object otherwise = bound.value(0, 0.0);
    if (Types.isNumber(value)) {
      return Numbers.real(value);
    }
    if (!(value instanceof String text)) {
      return otherwise;
    }
    String digits = TextCase.lower(Characters.strip(text, None.NONE, true, true));
    switch (digits) {
      case "inf", "+inf", "infinity":
        return Double.POSITIVE_INFINITY;
      case "-inf", "-infinity":
        return Double.NEGATIVE_INFINITY;
      case "nan":
        return Double.NaN;
      default:
        break;
    }
    boolean plain = digits.chars().allMatch(c -> "0123456789+-.e_".indexOf(c) >= 0);
    try {
      return plain ? (Object) Double.parseDouble(digits.replace("_", "")) : otherwise;
    } catch (NumberFormatException notANumber) {
      return otherwise;
    }
  }

  private static Object round(Object value, Arguments arguments) {
    Bound bound = arguments.bind("round", "precision", "method");
    int precision = Math.clamp(bound.integer(0, 0), -400, 400);
    RoundingMode mode =
        switch (bound.text(1, "common")) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> throw JinjaException.value("method must be common, ceil or floor");
        };
    if (value instanceof Double number) {
      return Double.isFinite(number)
          ? new BigDecimal(number).setScale(precision, mode).doubleValue()
          : number;
    }
    BigDecimal whole = new BigDecimal(Numbers.big(value));
    BigDecimal rounded = whole.setScale(Math.min(precision, 0), mode);
    return mode == RoundingMode.HALF_EVEN
        ? Numbers.integer(rounded.toBigInteger())
        : (Object) rounded.doubleValue();
  }

  private static Object json(Object value, Arguments arguments, Run run) {
    Bound bound = arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
    boolean lines = bound.has(1) && !(bound.value(1) instanceof None);
    String indent = "";
    if (lines && bound.value(1) instanceof String text) {
      indent = text;
    } else if (lines) {
      int width = Math.max(0, bound.integer(1));
      run.budget().text(width);
      indent = " ".repeat(width);
    }
    String items = lines ? "," : ", ";
    String keys = ": ";
    if (bound.has(2) && !(bound.value(2) instanceof None)) {
      List<Object> separators = Iteration.items(bound.value(2), run.budget());
      if (separators.size() != 2) {
        throw JinjaException.value("separators takes two texts");
      }
      items = run.text(separators.get(0));
      keys = run.text(separators.get(1));
    }
    JsonText.Style style =
        new JsonText.Style(
            indent, lines, items, keys, bound.truth(0, false), bound.truth(3, false));
    return JsonText.of(value, style, run);
  }

  private static Object attribute(Object value, String name) {
    Object found = Access.attribute(value, name);
    boolean isElement = value instanceof Dict && !Method.isKnown(value, name);
    return isElement ? Undefined.attribute(value, name) : found;
  }

  private static Object items(Object value) {
    if (value instanceof Undefined) {
      return new Once(new ArrayList<>());
    } else if (value instanceof Dict dict) {
      return new Once(dict.items());
    }
    throw JinjaException.type("Can only get item pairs from a mapping.");
  }
}
