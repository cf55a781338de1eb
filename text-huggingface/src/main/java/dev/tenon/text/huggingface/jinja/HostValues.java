package dev.tenon.text.huggingface.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Copies the caller's plain values into those that a template sees. */
final class HostValues {
  private HostValues() {}

  static Object copy(@Nullable Object value, Budget budget) {
    if (value == null) {
      return None.NONE;
    } else if (value instanceof String || value instanceof Boolean || value instanceof Long) {
      return value;
    } else if (value instanceof Double || value instanceof None || value instanceof Undefined) {
      return value;
    } else if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    } else if (value instanceof Float number) {
      return Double.parseDouble(number.toString());
    } else if (value instanceof BigInteger number) {
      budget.integer(number.bitLength());
      return Numbers.integer(number);
    } else if (value instanceof BigDecimal number) {
      return number.doubleValue();
    } else if (value instanceof List<?> list) {
      return copyList(list, budget);
    } else if (value instanceof Map<?, ?> map) {
      return copyMap(map, budget);
    }
    throw JinjaException.type(
        "a template takes text, numbers, booleans, null, lists and maps, not "
            + value.getClass().getName());
  }

  private static List<Object> copyList(List<?> list, Budget budget) {
    budget.enter();
    budget.steps(list.size());
    List<Object> copy = new ArrayList<>(list.size());
    for (Object item : list) {
      copy.add(copy(item, budget));
    }
    budget.leave();
    return copy;
  }

  private static Dict copyMap(Map<?, ?> map, Budget budget) {
    budget.enter();
    budget.steps(map.size());
    Dict copy = new Dict();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      copy.put(copy(entry.getKey(), budget), copy(entry.getValue(), budget));
    }
    budget.leave();
    return copy;
  }
}
