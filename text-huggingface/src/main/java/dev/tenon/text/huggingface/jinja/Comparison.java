package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** Python's equality, order and membership. */
@SuppressWarnings("ReferenceEquality") // Python compares some values by identity.
final class Comparison {
  private final Budget budget;

  Comparison(Budget budget) {
    this.budget = budget;
  }

  boolean equal(Object left, Object right) {
    budget.step();
    if (left instanceof String a) {
      return right instanceof String b && a.equals(b);
    } else if (Types.isNumber(left)) {
      return Types.isNumber(right)
          && !Numbers.isNan(left)
          && !Numbers.isNan(right)
          && Numbers.compare(left, right) == 0;
    } else if (left instanceof List<?> a) {
      return right instanceof List<?> b && equalItems(a, b);
    } else if (left instanceof Tuple a) {
      return right instanceof Tuple b && equalItems(a.items(), b.items());
    } else if (left instanceof Dict a) {
      return right instanceof Dict b && equalEntries(a, b);
    } else if (left instanceof Undefined) {
      return right instanceof Undefined;
    } else if (left instanceof Range a) {
      return right instanceof Range b && a.items().equals(b.items());
    }
    return left == right;
  }

  private boolean equalItems(List<?> left, List<?> right) {
    if (left.size() != right.size()) {
      return false;
    }
    budget.enter();
    for (int i = 0; i < left.size(); i++) {
      if (!equal(left.get(i), right.get(i))) {
        budget.leave();
        return false;
      }
    }
    budget.leave();
    return true;
  }

  private boolean equalEntries(Dict left, Dict right) {
    if (left.size() != right.size()) {
      return false;
    }
    for (Object key : left.keys()) {
      Object other = right.find(key);
      Object own = left.find(key);
      if (own == null || other == null || !nestedEqual(own, other)) {
        return false;
      }
    }
    return true;
  }

  private boolean nestedEqual(Object left, Object right) {
    budget.enter();
    boolean equal = equal(left, right);
    budget.leave();
    return equal;
  }

  /** Negative, zero or positive, for {@code left sign right}. */
  int order(Object left, Object right, String sign) {
    budget.step();
    if (Types.isNumber(left) && Types.isNumber(right)) {
      return Numbers.compare(left, right);
    } else if (left instanceof String a && right instanceof String b) {
      return orderTexts(a, b);
    } else if (left instanceof List<?> a && right instanceof List<?> b) {
      return orderItems(a, b, sign);
    } else if (left instanceof Tuple a && right instanceof Tuple b) {
      return orderItems(a.items(), b.items(), sign);
    } else if (left instanceof Undefined missing) {
      throw missing.failure();
    } else if (right instanceof Undefined missing) {
      throw missing.failure();
    }
    throw JinjaException.type(
        "'%s' not supported between instances of '%s' and '%s'"
            .formatted(sign, Types.name(left), Types.name(right)));
  }

  private int orderItems(List<?> left, List<?> right, String sign) {
    budget.enter();
    int shorter = Math.min(left.size(), right.size());
    int order = Integer.compare(left.size(), right.size());
    for (int i = 0; i < shorter; i++) {
      if (!equal(left.get(i), right.get(i))) {
        order = order(left.get(i), right.get(i), sign);
        break;
      }
    }
    budget.leave();
    return order;
  }

  /** Order by code points, which for UTF-16 differs from that of chars. */
  private static int orderTexts(String left, String right) {
    int shorter = Math.min(left.length(), right.length());
    for (int i = 0; i < shorter; i++) {
      char a = left.charAt(i);
      char b = right.charAt(i);
      if (a != b) {
        boolean oneIsSurrogate = Character.isSurrogate(a) != Character.isSurrogate(b);
        return oneIsSurrogate ? (Character.isSurrogate(a) ? 1 : -1) : Character.compare(a, b);
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  /** {@code item in container}. */
  boolean contains(Object container, Object item) {
    if (container instanceof String text) {
      if (item instanceof String part) {
        budget.steps(text.length() >> 6);
        return text.contains(part);
      }
      throw JinjaException.type(
          "'in <string>' requires string as left operand, not " + Types.name(item));
    } else if (container instanceof Dict dict) {
      return dict.find(item) != null;
    } else if (!Types.isIterable(container)) {
      throw JinjaException.type("argument of type '" + Types.name(container) + "' is not iterable");
    }
    for (Object candidate : Iteration.items(container, budget)) {
      if (candidate == item || equal(candidate, item)) {
        return true;
      }
    }
    return false;
  }
}
