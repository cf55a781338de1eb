package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.List;

/** The elements of what can be iterated. */
final class Iteration {
  private Iteration() {}

  /** All elements in order: characters of text, keys of a dictionary. Not to be changed. */
  @SuppressWarnings("unchecked")
  static List<Object> items(Object value, Budget budget) {
    if (value instanceof List<?> list) {
      return (List<Object>) list;
    } else if (value instanceof Tuple tuple) {
      return tuple.items();
    } else if (value instanceof Dict dict) {
      budget.steps(dict.size());
      return dict.keys();
    } else if (value instanceof String text) {
      budget.text(text.length());
      return characters(text);
    } else if (value instanceof View view) {
      return view.items();
    } else if (value instanceof Range range) {
      return range.items();
    } else if (value instanceof Once once) {
      return once.take();
    } else if (value instanceof Undefined) {
      return List.of();
    }
    throw JinjaException.type("'" + Types.name(value) + "' object is not iterable");
  }

  private static List<Object> characters(String text) {
    List<Object> characters = new ArrayList<>(text.length());
    for (int i = 0; i < text.length(); ) {
      int next = text.offsetByCodePoints(i, 1);
      characters.add(text.substring(i, next));
      i = next;
    }
    return characters;
  }
}
