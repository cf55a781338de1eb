package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** {@code cycler(…)}: hands out its items in turn. */
final class Cycler {
  private final List<Object> items;
  private int place;

  Cycler(List<Object> items) {
    if (items.isEmpty()) {
      throw JinjaException.type("at least one item has to be provided");
    }
    this.items = items;
  }

  Object next() {
    Object current = items.get(place);
    place = (place + 1) % items.size();
    return current;
  }

  void reset() {
    place = 0;
  }

  Object attribute(String name) {
    return switch (name) {
      case "current" -> items.get(place);
      case "next", "reset" -> new Method(this, name);
      default -> Undefined.attribute(this, name);
    };
  }
}
