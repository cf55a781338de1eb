package dev.tenon.text.huggingface.jinja;

import java.util.List;
import java.util.Map;

/**
 * Arguments of a call.
 *
 * @param positional in order
 * @param named by name, in order
 */
record Arguments(List<Object> positional, Map<String, Object> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  static Arguments of(Object... positional) {
    return new Arguments(List.of(positional), Map.of());
  }

  /** Assigns the arguments to a function's parameters. */
  Bound bind(String function, String... parameters) {
    if (positional.size() > parameters.length) {
      throw JinjaException.type(
          "%s takes at most %d argument(s), but %d were given"
              .formatted(function, parameters.length, positional.size()));
    }
    Object[] values = new Object[parameters.length];
    for (int i = 0; i < positional.size(); i++) {
      values[i] = positional.get(i);
    }
    for (Map.Entry<String, Object> entry : named.entrySet()) {
      int place = List.of(parameters).indexOf(entry.getKey());
      if (place < 0) {
        throw JinjaException.type(function + " has no argument named '" + entry.getKey() + "'");
      }
      if (place < positional.size()) {
        throw JinjaException.type(
            function + " was given its argument '" + entry.getKey() + "' twice");
      }
      values[place] = entry.getValue();
    }
    return new Bound(function, parameters, values);
  }
}
