package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What a filter compares of each item: an attribute such as {@code a.b.0}, or the item itself. */
final class Keys {
  private final List<Object> path;
  private final boolean caseSensitive;
  private final Run run;

  private Keys(List<Object> path, boolean caseSensitive, Run run) {
    this.path = path;
    this.caseSensitive = caseSensitive;
    this.run = run;
  }

  static Keys of(Object attribute, boolean caseSensitive, Run run) {
    return new Keys(path(attribute), caseSensitive, run);
  }

  private static List<Object> path(Object attribute) {
    if (attribute instanceof None) {
      return List.of();
    }
    if (!(attribute instanceof String text)) {
      return List.of(attribute);
    }
    List<Object> path = new ArrayList<>();
    for (String part : text.split("\\.", -1)) {
      boolean isPlace = part.matches("[0-9]{1,9}");
      path.add(isPlace ? (Object) Long.valueOf(part) : part);
    }
    return path;
  }

  /** The attribute's value, as it is. */
  Object raw(Object item) {
    Object value = item;
    for (Object part : path) {
      value = Access.element(value, part);
    }
    return value;
  }

  /** The value to compare: lower case unless case matters. */
  Object of(Object item) {
    Object value = raw(item);
    return !caseSensitive && value instanceof String text ? TextCase.lower(text) : value;
  }

  Comparator<Object> order() {
    return (a, b) -> run.comparison().order(of(a), of(b), "<");
  }
}
