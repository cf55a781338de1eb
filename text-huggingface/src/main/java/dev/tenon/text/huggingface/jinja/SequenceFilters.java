package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Filters of sequences that keep, order, join or cut them. */
final class SequenceFilters {
  private SequenceFilters() {}

  static boolean isKnown(String name) {
    return switch (name) {
      case "first", "last", "list", "join", "reverse", "sort", "unique", "sum", "min" -> true;
      case "max", "dictsort", "batch", "slice" -> true;
      default -> false;
    };
  }

  static Object apply(String name, Object value, Arguments arguments, Run run) {
    return switch (name) {
      case "first" -> first(value, run);
      case "last" -> last(value, run);
      case "list" -> list(value, run);
      case "join" -> join(value, arguments.bind(name, "d", "attribute"), run);
      case "reverse" -> reverse(value, run);
      case "sort" -> {
        Bound bound = arguments.bind(name, "reverse", "case_sensitive", "attribute");
        Comparator<Object> order =
            Keys.of(bound.value(2, None.NONE), bound.truth(1, false), run).order();
        yield sorted(list(value, run), bound.truth(0, false) ? order.reversed() : order);
      }
      case "unique" -> unique(value, arguments.bind(name, "case_sensitive", "attribute"), run);
      case "sum" -> sum(value, arguments.bind(name, "attribute", "start"), run);
      case "min", "max" ->
          extreme(name, value, arguments.bind(name, "case_sensitive", "attribute"), run);
      case "dictsort" ->
          dictSort(value, arguments.bind(name, "case_sensitive", "by", "reverse"), run);
      default -> Chunks.of(name, list(value, run), arguments, run.budget());
    };
  }

  static List<Object> list(Object value, Run run) {
    List<Object> items = Iteration.items(value, run.budget());
    run.budget().steps(items.size());
    return new ArrayList<>(items);
  }

  private static List<Object> sorted(List<Object> items, Comparator<Object> order) {
    try {
      items.sort(order);
      return items;
    } catch (IllegalArgumentException inconsistent) {
      throw JinjaException.value("values that have no order cannot be sorted");
    }
  }

  private static Object first(Object value, Run run) {
    if (value instanceof Once once) {
      return once.next(Undefined.because("No first item, sequence was empty."));
    }
    List<Object> items = Iteration.items(value, run.budget());
    return items.isEmpty()
        ? Undefined.because("No first item, sequence was empty.")
        : items.getFirst();
  }

  private static Object last(Object value, Run run) {
    if (value instanceof Once) {
      throw JinjaException.type("'generator' object is not reversible");
    }
    List<Object> items = Iteration.items(value, run.budget());
    return items.isEmpty()
        ? Undefined.because("No last item, sequence was empty.")
        : items.getLast();
  }

  private static Object join(Object value, Bound bound, Run run) {
    Keys keys = Keys.of(bound.value(1, None.NONE), true, run);
    String separator = run.text(bound.value(0, ""));
    TextBuilder out = new TextBuilder(run.budget());
    String before = "";
    for (Object item : Iteration.items(value, run.budget())) {
      run.budget().step();
      out.append(before).append(run.text(keys.of(item)));
      before = separator;
    }
    return out.toString();
  }

  private static Object reverse(Object value, Run run) {
    List<Object> reversed = list(value, run).reversed();
    if (value instanceof String) {
      TextBuilder out = new TextBuilder(run.budget());
      for (Object character : reversed) {
        out.append((String) character);
      }
      return out.toString();
    }
    return new Once(reversed);
  }

  private static Object unique(Object value, Bound bound, Run run) {
    Keys keys = Keys.of(bound.value(1, None.NONE), bound.truth(0, false), run);
    List<Object> seen = new ArrayList<>();
    List<Object> kept = new ArrayList<>();
    for (Object item : Iteration.items(value, run.budget())) {
      Object key = keys.of(item);
      if (!run.comparison().contains(seen, key)) {
        seen.add(key);
        kept.add(item);
      }
    }
    return new Once(kept);
  }

  private static Object sum(Object value, Bound bound, Run run) {
    Keys keys = Keys.of(bound.value(0, None.NONE), true, run);
    Object sum = bound.value(1, 0L);
    for (Object item : Iteration.items(value, run.budget())) {
      run.budget().step();
      sum = Arithmetic.apply(Operator.ADD, sum, keys.of(item), run);
    }
    return sum;
  }

  private static Object extreme(String name, Object value, Bound bound, Run run) {
    Keys keys = Keys.of(bound.value(1, None.NONE), bound.truth(0, false), run);
    List<Object> items = list(value, run);
    if (items.isEmpty()) {
      return Undefined.because("No aggregated item, sequence was empty.");
    }
    Object best = items.getFirst();
    for (Object item : items) {
      int order = keys.order().compare(item, best);
      best = name.equals("min") ? (order < 0 ? item : best) : (order > 0 ? item : best);
    }
    return best;
  }

  private static Object dictSort(Object value, Bound bound, Run run) {
    if (!(value instanceof Dict dict)) {
      throw JinjaException.type("dictsort takes a dictionary, not " + Types.name(value));
    }
    Map<String, Long> places = Map.of("key", 0L, "value", 1L);
    Long place = places.get(bound.text(1, "key"));
    if (place == null) {
      throw JinjaException.value("You can only sort by either \"key\" or \"value\"");
    }
    Comparator<Object> order = Keys.of(place, bound.truth(0, false), run).order();
    return sorted(dict.items(), bound.truth(2, false) ? order.reversed() : order);
  }
}
