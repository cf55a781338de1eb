package dev.tenon.text.huggingface.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A Python dictionary in insertion order. Never changed once a template can see it. */
final class Dict {
  private record Slot(Object key, Object value) {}

  private final Map<Object, Slot> slots = new LinkedHashMap<>();

  /** Adds or replaces; a replaced entry keeps its place and its first key. */
  void put(Object key, Object value) {
    Object canonical = canonical(key);
    Slot old = slots.get(canonical);
    slots.put(canonical, new Slot(old == null ? key : old.key(), value));
  }

  @Nullable Object find(Object key) {
    Slot slot = slots.get(canonical(key));
    return slot == null ? null : slot.value();
  }

  int size() {
    return slots.size();
  }

  List<Object> keys() {
    List<Object> keys = new ArrayList<>(slots.size());
    for (Slot slot : slots.values()) {
      keys.add(slot.key());
    }
    return keys;
  }

  List<Object> values() {
    List<Object> values = new ArrayList<>(slots.size());
    for (Slot slot : slots.values()) {
      values.add(slot.value());
    }
    return values;
  }

  List<Object> items() {
    List<Object> items = new ArrayList<>(slots.size());
    for (Slot slot : slots.values()) {
      items.add(Tuple.of(slot.key(), slot.value()));
    }
    return items;
  }

  /** In Python 1, 1.0 and True are the same key. */
  static Object canonical(Object key) {
    if (key instanceof String || key instanceof Long || key instanceof BigInteger) {
      return key;
    }
    if (key instanceof Boolean truth) {
      return truth ? 1L : 0L;
    }
    if (key instanceof Double number) {
      return number == Math.rint(number) && !Double.isInfinite(number)
          ? Numbers.integer(new BigDecimal(number).toBigInteger())
          : number;
    }
    if (key instanceof None) {
      return key;
    }
    throw JinjaException.type("a dictionary's key cannot be a " + Types.name(key));
  }
}
