package dev.tenon.text.huggingface.jinja;

/** What follows {@code |}. */
final class Filters {
  private Filters() {}

  static boolean isKnown(String name) {
    return ValueFilters.isKnown(name)
        || TextFilters.isKnown(name)
        || SequenceFilters.isKnown(name)
        || SelectFilters.isKnown(name);
  }

  static Object apply(String name, Object value, Arguments arguments, Run run) {
    if (ValueFilters.isKnown(name)) {
      return ValueFilters.apply(name, value, arguments, run);
    } else if (TextFilters.isKnown(name)) {
      return TextFilters.apply(name, value, arguments, run);
    } else if (SequenceFilters.isKnown(name)) {
      return SequenceFilters.apply(name, value, arguments, run);
    } else if (SelectFilters.isKnown(name)) {
      return SelectFilters.apply(name, value, arguments, run);
    }
    throw JinjaException.type("No filter named '" + name + "'.");
  }
}
