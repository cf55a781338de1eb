package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.List;

/** The arithmetic operators on values of any type. */
final class Arithmetic {
  private Arithmetic() {}

  static Object apply(Operator operator, Object left, Object right, Run run) {
    if (Types.isNumber(left) && Types.isNumber(right)) {
      return Numbers.apply(operator, left, right, run.budget());
    }
    if (operator == Operator.MODULO && left instanceof String format) {
      return PercentFormat.apply(format, right, run);
    }
    if (left instanceof Undefined missing) {
      throw missing.failure();
    } else if (right instanceof Undefined missing) {
      throw missing.failure();
    }
    if (operator == Operator.ADD) {
      return add(left, right, run.budget());
    } else if (operator == Operator.MULTIPLY) {
      if (Numbers.isInteger(right) && isRepeatable(left)) {
        return repeat(left, Numbers.index(right), run.budget());
      } else if (Numbers.isInteger(left) && isRepeatable(right)) {
        return repeat(right, Numbers.index(left), run.budget());
      }
    }
    throw unsupported(operator.sign, left, right);
  }

  private static Object add(Object left, Object right, Budget budget) {
    if (left instanceof String a) {
      if (right instanceof String b) {
        budget.text((long) a.length() + b.length());
        return a.concat(b);
      }
      throw JinjaException.type(
          "can only concatenate str (not \"" + Types.name(right) + "\") to str");
    } else if (left instanceof List<?> a && right instanceof List<?> b) {
      return join(a, b, budget);
    } else if (left instanceof Tuple a && right instanceof Tuple b) {
      return new Tuple(join(a.items(), b.items(), budget));
    }
    throw unsupported("+", left, right);
  }

  private static List<Object> join(List<?> left, List<?> right, Budget budget) {
    budget.steps((long) left.size() + right.size());
    List<Object> joined = new ArrayList<>(left.size() + right.size());
    joined.addAll(left);
    joined.addAll(right);
    return joined;
  }

  private static boolean isRepeatable(Object value) {
    return value instanceof String || value instanceof List || value instanceof Tuple;
  }

  private static Object repeat(Object value, int count, Budget budget) {
    int times = Math.max(0, count);
    if (value instanceof String text) {
      budget.text((long) text.length() * times);
      return text.repeat(text.isEmpty() ? 0 : times);
    }
    List<Object> items = Iteration.items(value, budget);
    int copies = items.isEmpty() ? 0 : times;
    budget.steps((long) items.size() * copies);
    List<Object> repeated = new ArrayList<>(items.size() * copies);
    for (int i = 0; i < copies; i++) {
      repeated.addAll(items);
    }
    return value instanceof Tuple ? new Tuple(repeated) : repeated;
  }

  static Object negate(Object value, String sign) {
    if (value instanceof Undefined missing) {
      throw missing.failure();
    }
    if (!Types.isNumber(value)) {
      throw JinjaException.type(
          "bad operand type for unary " + sign + ": '" + Types.name(value) + "'");
    }
    return sign.equals("-") ? Numbers.negate(value) : Numbers.negate(Numbers.negate(value));
  }

  private static JinjaException unsupported(String sign, Object left, Object right) {
    return JinjaException.type(
        "unsupported operand type(s) for %s: '%s' and '%s'"
            .formatted(sign, Types.name(left), Types.name(right)));
  }
}
