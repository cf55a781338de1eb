package dev.tenon.text.huggingface.jinja;

import org.jspecify.annotations.Nullable;

/** A call's arguments by the places of the function's parameters. */
final class Bound {
  private final String function;
  private final String[] parameters;
  private final @Nullable Object[] values;

  Bound(String function, String[] parameters, @Nullable Object[] values) {
    this.function = function;
    this.parameters = parameters;
    this.values = values;
  }

  boolean has(int place) {
    return values[place] != null;
  }

  Object value(int place) {
    Object value = values[place];
    if (value == null) {
      throw JinjaException.type(function + " needs its argument '" + parameters[place] + "'");
    }
    return value;
  }

  Object value(int place, Object otherwise) {
    Object value = values[place];
    return value == null ? otherwise : value;
  }

  String text(int place) {
    Object value = value(place);
    if (value instanceof String text) {
      return text;
    } else if (value instanceof Undefined missing) {
      throw missing.failure();
    }
    throw JinjaException.type(
        "%s takes text as its argument '%s', not %s"
            .formatted(function, parameters[place], Types.name(value)));
  }

  String text(int place, String otherwise) {
    return has(place) ? text(place) : otherwise;
  }

  int integer(int place, int otherwise) {
    return has(place) ? integer(place) : otherwise;
  }

  int integer(int place) {
    Object value = value(place);
    if (value instanceof Undefined missing) {
      throw missing.failure();
    }
    return Numbers.index(value);
  }

  boolean truth(int place, boolean otherwise) {
    Object value = values[place];
    return value == null ? otherwise : Types.truth(value);
  }
}
