package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** What follows {@code is}. */
final class Tests {
  private Tests() {}

  static boolean isKnown(String name) {
    return switch (name) {
      case "defined", "undefined", "none", "boolean", "true", "false", "integer", "float" -> true;
      case "number", "string", "sequence", "iterable", "mapping", "callable", "escaped" -> true;
      case "even", "odd", "divisibleby", "lower", "upper", "in", "sameas", "filter", "test" -> true;
      default -> !sign(name).isEmpty();
    };
  }

  static boolean holds(String name, Object value, Arguments arguments, Run run) {
    String sign = sign(name);
    if (!sign.isEmpty()) {
      Object other = arguments.bind(name, "other").value(0);
      return Operations.holds(sign, value, other, run.comparison());
    }
    return switch (name) {
      case "in" -> run.comparison().contains(arguments.bind(name, "seq").value(0), value);
      case "sameas" -> isSame(value, arguments.bind(name, "other").value(0));
      case "divisibleby" -> isZero(remainder(value, arguments.bind(name, "num").value(0), run));
      case "even" -> isZero(remainder(value, 2L, run));
      case "odd" -> run.comparison().equal(remainder(value, 2L, run), 1L);
      default -> {
        arguments.bind(name);
        yield ofType(name, value, run);
      }
    };
  }

  private static boolean ofType(String name, Object value, Run run) {
    return switch (name) {
      case "defined" -> !(value instanceof Undefined);
      case "undefined" -> value instanceof Undefined;
      case "none" -> value instanceof None;
      case "boolean" -> value instanceof Boolean;
      case "true" -> value instanceof Boolean truth && truth;
      case "false" -> value instanceof Boolean truth && !truth;
      case "integer" -> Numbers.isInteger(value) && !(value instanceof Boolean);
      case "float" -> value instanceof Double;
      case "number" -> Types.isNumber(value);
      case "string" -> value instanceof String;
      case "mapping" -> value instanceof Dict;
      case "callable" -> Types.isCallable(value);
      case "iterable" -> Types.isIterable(value);
      case "sequence" -> isSequence(value);
      case "lower" -> TextPredicates.call(run.text(value), "islower", Arguments.NONE);
      case "upper" -> TextPredicates.call(run.text(value), "isupper", Arguments.NONE);
      case "filter" -> value instanceof String filter && Filters.isKnown(filter);
      case "test" -> value instanceof String test && isKnown(test);
      default -> false;
    };
  }

  /** Whatever has a length and can be subscripted, which for Jinja includes dictionaries. */
  private static boolean isSequence(Object value) {
    return value instanceof List
        || value instanceof Tuple
        || value instanceof String
        || value instanceof Range
        || value instanceof Dict
        || value instanceof Undefined;
  }

  @SuppressWarnings("ReferenceEquality") // The test asks for identity.
  private static boolean isSame(Object left, Object right) {
    return left == right
        || (left instanceof Boolean && left.equals(right))
        || (left instanceof Long && left.equals(right))
        || (left instanceof String && left.equals(right));
  }

  private static Object remainder(Object value, Object divisor, Run run) {
    if (value instanceof String) {
      throw JinjaException.type("not all arguments converted during string formatting");
    }
    return Arithmetic.apply(Operator.MODULO, value, divisor, run);
  }

  private static boolean isZero(Object number) {
    return Numbers.compare(number, 0L) == 0;
  }

  private static String sign(String name) {
    return switch (name) {
      case "eq", "equalto", "==" -> "==";
      case "ne", "!=" -> "!=";
      case "lt", "lessthan", "<" -> "<";
      case "le", "<=" -> "<=";
      case "gt", "greaterthan", ">" -> ">";
      case "ge", ">=" -> ">=";
      default -> "";
    };
  }
}
