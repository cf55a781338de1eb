package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** The {@code loop} variable of a {@code for}. */
final class LoopState implements Callable {
  /** Renders a recursive loop's body over a child's items. */
  interface Descent {
    String render(Object items, int depth);
  }

  private final List<Object> items;
  private final int depth;
  private final Descent descent;
  private int index;
  private Object lastSeen = Undefined.name("changed");

  LoopState(List<Object> items, int depth, Descent descent) {
    this.items = items;
    this.depth = depth;
    this.descent = descent;
  }

  void moveTo(int newIndex) {
    index = newIndex;
  }

  int length() {
    return items.size();
  }

  Object attribute(String name) {
    return switch (name) {
      case "index" -> index + 1L;
      case "index0" -> (long) index;
      case "revindex" -> (long) items.size() - index;
      case "revindex0" -> (long) items.size() - index - 1;
      case "first" -> index == 0;
      case "last" -> index == items.size() - 1;
      case "length" -> (long) items.size();
      case "depth" -> depth + 1L;
      case "depth0" -> (long) depth;
      case "previtem" ->
          index == 0 ? Undefined.because("there is no previous item") : items.get(index - 1);
      case "nextitem" ->
          index + 1 == items.size()
              ? Undefined.because("there is no next item")
              : items.get(index + 1);
      case "cycle", "changed" -> new Method(this, name);
      default -> Undefined.attribute(this, name);
    };
  }

  Object cycle(List<Object> choices) {
    if (choices.isEmpty()) {
      throw JinjaException.type("no items for cycling given");
    }
    return choices.get(index % choices.size());
  }

  boolean changed(Object value, Comparison comparison) {
    boolean changed = !comparison.equal(lastSeen, value) || lastSeen instanceof Undefined;
    lastSeen = value;
    return changed;
  }

  @Override
  public Object call(Run run, Arguments arguments) {
    Bound bound = arguments.bind("loop", "iterable");
    return descent.render(bound.value(0), depth + 1);
  }
}
