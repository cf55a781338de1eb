package dev.tenon.text.huggingface.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes dictionaries from the arguments of {@code dict(…)} and {@code namespace(…)}. */
final class Mappings {
  private Mappings() {}

  /** A mapping or pairs first, named arguments after. */
  static Dict dict(String function, Arguments arguments, Run run) {
    if (arguments.positional().size() > 1) {
      throw JinjaException.type(function + " takes one mapping and named arguments");
    }
    Dict result = new Dict();
    for (Object initial : arguments.positional()) {
      for (Object pair : pairs(function, initial, run)) {
        List<Object> parts = Iteration.items(pair, run.budget());
        if (parts.size() != 2) {
          throw JinjaException.value(function + " takes a mapping or pairs");
        }
        result.put(parts.get(0), parts.get(1));
      }
    }
    for (Map.Entry<String, Object> entry : arguments.named().entrySet()) {
      result.put(entry.getKey(), entry.getValue());
    }
    return result;
  }

  private static List<Object> pairs(String function, Object initial, Run run) {
    if (initial instanceof Dict dict) {
      run.budget().steps(dict.size());
      return dict.items();
    } else if (initial instanceof String) {
      throw JinjaException.value(function + " takes a mapping or pairs, not text");
    }
    List<Object> pairs = Iteration.items(initial, run.budget());
    run.budget().steps(pairs.size());
    return pairs;
  }

  static Map<String, Object> attributes(String function, Arguments arguments, Run run) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    for (Object item : dict(function, arguments, run).items()) {
      List<Object> pair = ((Tuple) item).items();
      attributes.put(run.text(pair.get(0)), pair.get(1));
    }
    return attributes;
  }
}
