package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** Attributes, elements and slices, looked up in the order of Jinja's sandbox. */
final class Access {
  private Access() {}

  /** {@code owner.name}: an attribute or method first, then an element of that key. */
  static Object attribute(Object owner, String name) {
    if (owner instanceof Undefined missing) {
      throw missing.failure();
    }
    Object own = ownAttribute(owner, name);
    if (!(own instanceof Undefined missing)) {
      return own;
    }
    if (owner instanceof Dict dict && missing.kind() != JinjaException.Kind.FORBIDDEN) {
      Object element = dict.find(name);
      return element == null ? own : element;
    }
    return own;
  }

  /** {@code owner[key]}: an element first, then an attribute of that name. */
  static Object element(Object owner, Object key) {
    if (owner instanceof Undefined missing) {
      throw missing.failure();
    }
    if (owner instanceof Dict dict) {
      if (isHashable(key)) {
        Object element = dict.find(key);
        if (element != null) {
          return element;
        }
      }
    } else if (Numbers.isInteger(key) && isSequence(owner)) {
      return position(owner, Numbers.index(key), key);
    }
    return key instanceof String name ? ownAttribute(owner, name) : Undefined.element(owner, key);
  }

  private static boolean isHashable(Object key) {
    return key instanceof String || Types.isNumber(key) || key instanceof None;
  }

  static boolean isSequence(Object value) {
    return value instanceof List
        || value instanceof Tuple
        || value instanceof String
        || value instanceof Range;
  }

  private static Object position(Object owner, int index, Object key) {
    int length = Types.length(owner);
    int place = index < 0 ? index + length : index;
    if (place < 0 || place >= length) {
      return Undefined.element(owner, key);
    }
    if (owner instanceof String text) {
      int start = text.offsetByCodePoints(0, place);
      return text.substring(start, text.offsetByCodePoints(start, 1));
    } else if (owner instanceof List<?> list) {
      return list.get(place);
    } else if (owner instanceof Tuple tuple) {
      return tuple.items().get(place);
    }
    return ((Range) owner).items().get(place);
  }

  private static Object ownAttribute(Object owner, String name) {
    if (owner instanceof Namespace namespace) {
      return namespace.attribute(name);
    } else if (owner instanceof LoopState loop) {
      return loop.attribute(name);
    } else if (owner instanceof Cycler cycler) {
      return cycler.attribute(name);
    } else if (owner instanceof Macro macro && name.equals("name")) {
      return macro.name();
    } else if (Method.isKnown(owner, name)) {
      return new Method(owner, name);
    } else if (name.startsWith("_") || Method.isMutating(owner, name)) {
      return Undefined.forbidden(owner, name);
    }
    return Undefined.attribute(owner, name);
  }
}
