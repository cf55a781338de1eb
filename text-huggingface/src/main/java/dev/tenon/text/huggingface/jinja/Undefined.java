package dev.tenon.text.huggingface.jinja;

/**
 * A name, attribute or element that is not there: prints as nothing, is false, iterates as empty,
 * and fails with its explanation wherever a value is needed.
 *
 * @param explanation what is missing
 * @param kind what using it is reported as
 */
record Undefined(String explanation, JinjaException.Kind kind) {

  static Undefined name(String name) {
    return new Undefined("'" + name + "' is undefined", JinjaException.Kind.UNDEFINED);
  }

  static Undefined attribute(Object owner, String name) {
    return new Undefined(
        "'" + Types.describe(owner) + "' has no attribute '" + name + "'",
        JinjaException.Kind.UNDEFINED);
  }

  static Undefined element(Object owner, Object key) {
    String shown = key instanceof Number || key instanceof Boolean ? key.toString() : "like that";
    return new Undefined(
        Types.describe(owner) + " has no element " + shown, JinjaException.Kind.UNDEFINED);
  }

  static Undefined because(String explanation) {
    return new Undefined(explanation, JinjaException.Kind.UNDEFINED);
  }

  static Undefined forbidden(Object owner, String name) {
    return new Undefined(
        "access to attribute '" + name + "' of '" + Types.name(owner) + "' object is unsafe",
        JinjaException.Kind.FORBIDDEN);
  }

  JinjaException failure() {
    return new JinjaException(kind, 0, explanation);
  }
}
