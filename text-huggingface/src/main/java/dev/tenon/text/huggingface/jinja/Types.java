package dev.tenon.text.huggingface.jinja;

import java.math.BigInteger;
import java.util.List;

/** Names, truth and length of values. */
final class Types {
  private Types() {}

  /** Python's name of a value's type. */
  static String name(Object value) {
    if (value instanceof String) {
      return "str";
    } else if (value instanceof Boolean) {
      return "bool";
    } else if (value instanceof Long || value instanceof BigInteger) {
      return "int";
    } else if (value instanceof Double) {
      return "float";
    } else if (value instanceof List) {
      return "list";
    } else if (value instanceof Dict) {
      return "dict";
    } else if (value instanceof Tuple) {
      return "tuple";
    } else if (value instanceof None) {
      return "NoneType";
    } else if (value instanceof Undefined) {
      return "Undefined";
    } else if (value instanceof Range) {
      return "range";
    } else if (value instanceof Once) {
      return "generator";
    } else if (value instanceof View view) {
      return view.kind();
    } else if (value instanceof Namespace) {
      return "Namespace";
    } else if (value instanceof LoopState) {
      return "LoopContext";
    } else if (value instanceof Macro) {
      return "Macro";
    }
    return "function";
  }

  /** A value's type as Jinja's messages about missing attributes put it. */
  static String describe(Object value) {
    return value instanceof None ? "None" : name(value) + " object";
  }

  static boolean truth(Object value) {
    if (value instanceof Boolean truth) {
      return truth;
    } else if (value instanceof String text) {
      return !text.isEmpty();
    } else if (value instanceof Undefined || value instanceof None) {
      return false;
    } else if (value instanceof Long number) {
      return number != 0;
    } else if (value instanceof Double number) {
      return number != 0;
    }
    return !isSized(value) || length(value) > 0;
  }

  static boolean isSized(Object value) {
    return value instanceof List
        || value instanceof Dict
        || value instanceof Tuple
        || value instanceof String
        || value instanceof View
        || value instanceof Range
        || value instanceof Undefined
        || value instanceof LoopState;
  }

  /** Number of elements; of characters (code points) for text. */
  static int length(Object value) {
    if (value instanceof String text) {
      return text.codePointCount(0, text.length());
    } else if (value instanceof List<?> list) {
      return list.size();
    } else if (value instanceof Dict dict) {
      return dict.size();
    } else if (value instanceof Tuple tuple) {
      return tuple.items().size();
    } else if (value instanceof View view) {
      return view.items().size();
    } else if (value instanceof Range range) {
      return range.size();
    } else if (value instanceof Undefined) {
      return 0;
    } else if (value instanceof LoopState loop) {
      return loop.length();
    }
    throw JinjaException.type("object of type '" + name(value) + "' has no len()");
  }

  static boolean isIterable(Object value) {
    return isSized(value) || value instanceof Once;
  }

  static boolean isNumber(Object value) {
    return value instanceof Long
        || value instanceof Double
        || value instanceof BigInteger
        || value instanceof Boolean;
  }

  static boolean isCallable(Object value) {
    return value instanceof Callable || value instanceof Undefined;
  }
}
