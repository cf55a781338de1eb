package dev.tenon.model.qwen3next;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Typed access to a JSON object of a config.
 *
 * @param file whose object it is, for messages
 * @param values the object
 */
record Fields(String file, Map<String, Object> values) {
  /** A whole number of at least {@code least}, or {@code otherwise} where the key is absent. */
  int integer(String key, int otherwise, int least) {
    Object value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Long number && number >= least && number <= Integer.MAX_VALUE) {
      return number.intValue();
    }
    throw wrong(key, value, "a whole number of at least " + least);
  }

  /** A finite number above 0, or {@code otherwise} where the key is absent. */
  double positive(String key, double otherwise) {
    Object value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    Double number = number(value);
    if (number != null && number > 0 && number < Double.POSITIVE_INFINITY) {
      return number;
    }
    throw wrong(key, value, "a number above 0");
  }

  /** A number, or {@code null} where the key is absent. */
  @Nullable Double optionalNumber(String key) {
    Object value = values.get(key);
    if (value == null) {
      return null;
    }
    Double number = number(value);
    if (number == null) {
      throw wrong(key, value, "a number");
    }
    return number;
  }

  /** True or false, or {@code otherwise} where the key is absent. */
  boolean flag(String key, boolean otherwise) {
    Object value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw wrong(key, value, "true or false");
  }

  /** One of some words, or {@code otherwise} where the key is absent. */
  String word(String key, String otherwise, List<String> known) {
    Object value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof String text && known.contains(text)) {
      return text;
    }
    throw wrong(key, value, String.join(" or ", known));
  }

  /** Whole numbers given as one or as a list; empty where the key is absent. */
  List<Integer> integers(String key) {
    Object value = values.get(key);
    List<Integer> numbers = new ArrayList<>();
    if (value == null) {
      return numbers;
    }
    for (Object element : value instanceof List<?> list ? list : List.of(value)) {
      if (element instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE) {
        numbers.add(number.intValue());
      } else {
        throw wrong(key, value, "a whole number or a list of them");
      }
    }
    return numbers;
  }

  /** A JSON object; empty where the key is absent. */
  Fields object(String key) {
    Object value = values.get(key);
    if (value == null) {
      return new Fields(file, Map.of());
    }
    if (value instanceof Map<?, ?> map) {
      @SuppressWarnings("unchecked") // keys of JSON objects are strings
      Map<String, Object> object = (Map<String, Object>) map;
      return new Fields(file + ": " + key, object);
    }
    throw wrong(key, value, "an object");
  }

  boolean has(String key) {
    return values.get(key) != null;
  }

  boolean isEmpty() {
    return values.isEmpty();
  }

  /** The complaint about a key's value. */
  TenonException wrong(String key, @Nullable Object value, String right) {
    return new TenonException(
        ErrorCode.INVALID_CHECKPOINT, file + ": " + key + " is " + value + "; it must be " + right);
  }

  private static @Nullable Double number(Object value) {
    return switch (value) {
      case Long number -> number.doubleValue();
      case BigInteger number -> number.doubleValue();
      case Double number when !number.isNaN() -> number;
      default -> null;
    };
  }
}
