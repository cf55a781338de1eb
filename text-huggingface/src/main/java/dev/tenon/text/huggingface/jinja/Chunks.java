package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.List;

/** The filters {@code batch} (chunks of a size) and {@code slice} (a number of chunks). */
final class Chunks {
  private Chunks() {}

  static Once of(String name, List<Object> items, Arguments arguments, Budget budget) {
    Bound bound = arguments.bind(name, "count", "fill_with");
    int count = bound.integer(0);
    if (count < 1) {
      throw JinjaException.value(name + " takes a count of at least 1");
    }
    List<Object> fill =
        bound.value(1, None.NONE) instanceof None ? List.of() : List.of(bound.value(1));
    budget.steps(count);
    return new Once(
        name.equals("batch") ? batches(items, count, fill) : slices(items, count, fill));
  }

  private static List<Object> batches(List<Object> items, int size, List<Object> fill) {
    List<Object> batches = new ArrayList<>();
    for (int from = 0; from < items.size(); from += size) {
      List<Object> batch =
          new ArrayList<>(items.subList(from, Math.min(items.size(), from + size)));
      while (!fill.isEmpty() && batch.size() < size) {
        batch.addAll(fill);
      }
      batches.add(batch);
    }
    return batches;
  }

  private static List<Object> slices(List<Object> items, int count, List<Object> fill) {
    List<Object> slices = new ArrayList<>();
    int least = items.size() / count;
    int longer = items.size() % count;
    int from = 0;
    for (int i = 0; i < count; i++) {
      int to = from + least + (i < longer ? 1 : 0);
      List<Object> slice = new ArrayList<>(items.subList(from, to));
      if (i >= longer && longer > 0) {
        slice.addAll(fill);
      }
      slices.add(slice);
      from = to;
    }
    return slices;
  }
}
