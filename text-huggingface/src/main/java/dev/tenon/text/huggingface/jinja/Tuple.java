package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** A Python tuple. Never changed after it was made. */
record Tuple(List<Object> items) {
  static Tuple of(Object... items) {
    return new Tuple(List.of(items));
  }
}
