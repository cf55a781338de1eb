package dev.tenon.text.huggingface.jinja;

import java.util.List;

/**
 * A method bound to its value.
 *
 * @param owner the value
 * @param name the method's name
 */
record Method(Object owner, String name) implements Callable {

  static boolean isKnown(Object owner, String name) {
    if (owner instanceof String) {
      return TextMethods.isKnown(name) || TextPredicates.isKnown(name);
    } else if (owner instanceof Dict) {
      return switch (name) {
        case "get", "keys", "values", "items", "copy" -> true;
        default -> false;
      };
    } else if (owner instanceof List || owner instanceof Tuple) {
      return name.equals("index")
          || name.equals("count")
          || (name.equals("copy") && owner instanceof List);
    } else if (owner instanceof Double) {
      return name.equals("is_integer");
    } else if (Numbers.isInteger(owner)) {
      return name.equals("bit_length");
    }
    return false;
  }

  /** Whether Python has this method and it would change the value, which the sandbox forbids. */
  static boolean isMutating(Object owner, String name) {
    if (owner instanceof Dict) {
      return switch (name) {
        case "clear", "pop", "popitem", "setdefault", "update" -> true;
        default -> false;
      };
    } else if (owner instanceof List) {
      return switch (name) {
        case "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort" -> true;
        default -> false;
      };
    }
    return false;
  }

  @Override
  public Object call(Run run, Arguments arguments) {
    if (owner instanceof String text) {
      return TextMethods.isKnown(name)
          ? TextMethods.call(text, name, arguments, run)
          : TextPredicates.call(text, name, arguments);
    } else if (owner instanceof Dict dict) {
      return onDict(dict, arguments);
    } else if (owner instanceof LoopState loop) {
      return name.equals("cycle")
          ? loop.cycle(arguments.positional())
          : (Object) loop.changed(new Tuple(arguments.positional()), run.comparison());
    } else if (owner instanceof Cycler cycler) {
      return onCycler(cycler, arguments);
    } else if (owner instanceof Double number) {
      arguments.bind(name);
      return number == Math.rint(number) && !Double.isInfinite(number);
    } else if (Numbers.isInteger(owner)) {
      arguments.bind(name);
      return (long) Numbers.big(owner).abs().bitLength();
    }
    return onSequence(Iteration.items(owner, run.budget()), arguments, run.comparison());
  }

  private Object onDict(Dict dict, Arguments arguments) {
    if (name.equals("get")) {
      Bound bound = arguments.bind(name, "key", "default");
      Object found = dict.find(bound.value(0));
      return found == null ? bound.value(1, None.NONE) : found;
    }
    arguments.bind(name);
    return switch (name) {
      case "keys" -> new View("dict_keys", dict.keys());
      case "values" -> new View("dict_values", dict.values());
      case "items" -> new View("dict_items", dict.items());
      default -> dict;
    };
  }

  private Object onCycler(Cycler cycler, Arguments arguments) {
    arguments.bind(name);
    if (name.equals("next")) {
      return cycler.next();
    }
    cycler.reset();
    return None.NONE;
  }

  private Object onSequence(List<Object> items, Arguments arguments, Comparison comparison) {
    if (name.equals("copy")) {
      arguments.bind(name);
      return items;
    }
    Object wanted = arguments.bind(name, "value").value(0);
    long count = 0;
    for (int i = 0; i < items.size(); i++) {
      if (comparison.equal(items.get(i), wanted)) {
        if (name.equals("index")) {
          return (long) i;
        }
        count++;
      }
    }
    if (name.equals("index")) {
      throw JinjaException.value("the value is not in the list");
    }
    return count;
  }
}
