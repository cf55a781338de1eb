package dev.tenon.text.huggingface.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** {@code namespace(…)}: the one value whose attributes a template may set. */
final class Namespace {
  private final Map<String, Object> attributes;

  Namespace(Map<String, Object> initial) {
    attributes = new LinkedHashMap<>(initial);
  }

  Object attribute(String name) {
    Object value = attributes.get(name);
    return value == null ? Undefined.attribute(this, name) : value;
  }

  void set(String name, Object value) {
    attributes.put(name, value);
  }
}
