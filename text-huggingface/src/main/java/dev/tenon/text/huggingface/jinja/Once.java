package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** What Python calls a generator: always true, has no length, and can be iterated once. */
final class Once {
  private List<Object> items;

  Once(List<Object> items) {
    this.items = items;
  }

  List<Object> take() {
    List<Object> taken = items;
    items = List.of();
    return taken;
  }

  /** The first item, removed; {@code otherwise} if none is left. */
  Object next(Object otherwise) {
    if (items.isEmpty()) {
      return otherwise;
    }
    Object first = items.getFirst();
    items = items.subList(1, items.size());
    return first;
  }
}
