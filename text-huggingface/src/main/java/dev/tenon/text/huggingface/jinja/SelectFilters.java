package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Filters that choose, map or group the items of a sequence. */
final class SelectFilters {
  private SelectFilters() {}

  static boolean isKnown(String name) {
    return switch (name) {
      case "map", "select", "reject", "selectattr", "rejectattr", "groupby" -> true;
      default -> false;
    };
  }

  static Object apply(String name, Object value, Arguments arguments, Run run) {
    return switch (name) {
      case "map" -> map(value, arguments, run);
      case "groupby" -> groups(value, arguments, run);
      default -> select(name, value, arguments, run);
    };
  }

  private static Once map(Object value, Arguments arguments, Run run) {
    List<Object> mapped = new ArrayList<>();
    Object attribute = arguments.named().get("attribute");
    if (attribute == null && arguments.positional().isEmpty()) {
      throw JinjaException.type("map requires a filter argument");
    }
    Keys keys = Keys.of(attribute == null ? None.NONE : attribute, true, run);
    Object otherwise = arguments.named().get("default");
    for (Object item : Iteration.items(value, run.budget())) {
      run.budget().step();
      if (attribute == null) {
        String filter = run.text(arguments.positional().getFirst());
        mapped.add(Filters.apply(filter, item, rest(arguments, 1), run));
      } else {
        Object found = keys.raw(item);
        mapped.add(found instanceof Undefined && otherwise != null ? otherwise : found);
      }
    }
    return new Once(mapped);
  }

  private static Arguments rest(Arguments arguments, int from) {
    List<Object> positional = arguments.positional();
    return new Arguments(positional.subList(from, positional.size()), arguments.named());
  }

  private static Once select(String name, Object value, Arguments arguments, Run run) {
    boolean byAttribute = name.endsWith("attr");
    int place = byAttribute ? 1 : 0;
    List<Object> positional = arguments.positional();
    if (positional.size() < place) {
      throw JinjaException.type("Missing parameter for attribute name");
    }
    Keys keys = Keys.of(byAttribute ? positional.getFirst() : None.NONE, true, run);
    boolean wanted = name.startsWith("select");
    List<Object> chosen = new ArrayList<>();
    for (Object item : Iteration.items(value, run.budget())) {
      run.budget().step();
      Object key = keys.raw(item);
      boolean holds =
          positional.size() == place
              ? Types.truth(key)
              : test(run.text(positional.get(place)), key, rest(arguments, place + 1), run);
      if (holds == wanted) {
        chosen.add(item);
      }
    }
    return new Once(chosen);
  }

  private static boolean test(String test, Object key, Arguments arguments, Run run) {
    if (!Tests.isKnown(test)) {
      throw JinjaException.type("No test named '" + test + "'.");
    }
    return Tests.holds(test, key, arguments, run);
  }

  private static List<Object> groups(Object value, Arguments arguments, Run run) {
    Bound bound = arguments.bind("groupby", "attribute", "default", "case_sensitive");
    Keys keys = Keys.of(bound.value(0), bound.truth(2, false), run);
    List<Object> items = SequenceFilters.list(value, run);
    items.sort(keys.order());
    Map<Object, List<Object>> groups = new LinkedHashMap<>();
    Map<Object, Object> names = new LinkedHashMap<>();
    for (Object item : items) {
      Object key = Dict.canonical(keys.of(item));
      names.putIfAbsent(key, keys.raw(item));
      groups.computeIfAbsent(key, _ -> new ArrayList<>()).add(item);
    }
    List<Object> result = new ArrayList<>();
    for (Map.Entry<Object, List<Object>> group : groups.entrySet()) {
      Object name = names.get(group.getKey());
      result.add(Tuple.of(name == null ? None.NONE : name, group.getValue()));
    }
    return result;
  }
}
