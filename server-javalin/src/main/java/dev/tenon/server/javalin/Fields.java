package dev.tenon.server.javalin;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Typed reading of a request's fields. A field that is absent or {@code null} is {@code null}; one
 * of another type, or outside its bounds, is refused with what would be right.
 */
final class Fields {
  private final ObjectNode object;
  private final String path;

  Fields(ObjectNode object) {
    this(object, "");
  }

  Fields(ObjectNode object, String path) {
    this.object = object;
    this.path = path;
  }

  /** The field's name as the client knows it. */
  String path(String name) {
    return path + name;
  }

  @Nullable JsonNode node(String name) {
    JsonNode node = object.get(name);
    return node == null || node.isNull() ? null : node;
  }

  boolean has(String name) {
    return node(name) != null;
  }

  @Nullable Integer integer(String name, int least, int greatest) {
    Long value = number(name, least, greatest);
    return value == null ? null : value.intValue();
  }

  int integer(String name, int least, int greatest, int otherwise) {
    Integer value = integer(name, least, greatest);
    return value == null ? otherwise : value;
  }

  @Nullable Long number(String name, long least, long greatest) {
    JsonNode node = node(name);
    return node == null ? null : integral(node, path(name), least, greatest);
  }

  static long integral(JsonNode node, String path, long least, long greatest) {
    boolean whole = node.isNumber() && (node.isIntegralNumber() || isWhole(node.doubleValue()));
    if (!whole) {
      throw wrong(path, "an integer", node);
    }
    boolean fits = node.canConvertToLong();
    if (!fits || node.longValue() < least || node.longValue() > greatest) {
      String bound =
          greatest >= Integer.MAX_VALUE ? "at least " + least : least + " to " + greatest;
      throw HttpError.badField(path, path + " is " + shown(node) + "; give " + bound);
    }
    return node.longValue();
  }

  private static boolean isWhole(double value) {
    return Double.isFinite(value) && value == Math.rint(value) && Math.abs(value) < 1e15;
  }

  @Nullable Double real(String name, double least, double greatest) {
    JsonNode node = node(name);
    return node == null ? null : finite(node, path(name), least, greatest);
  }

  double real(String name, double least, double greatest, double otherwise) {
    Double value = real(name, least, greatest);
    return value == null ? otherwise : value;
  }

  static double finite(JsonNode node, String path, double least, double greatest) {
    if (!node.isNumber()) {
      throw wrong(path, "a number", node);
    }
    double value = node.doubleValue();
    if (!Double.isFinite(value) || value < least || value > greatest) {
      String bound =
          greatest == Double.MAX_VALUE
              ? "a finite number of at least " + least
              : "a number from " + least + " to " + greatest;
      throw HttpError.badField(path, path + " is " + shown(node) + "; give " + bound);
    }
    return value;
  }

  boolean flag(String name, boolean otherwise) {
    JsonNode node = node(name);
    if (node == null) {
      return otherwise;
    }
    if (!node.isBoolean()) {
      throw wrong(path(name), "true or false", node);
    }
    return node.booleanValue();
  }

  @Nullable String text(String name) {
    JsonNode node = node(name);
    return node == null ? null : string(node, path(name));
  }

  static String string(JsonNode node, String path) {
    if (!node.isString()) {
      throw wrong(path, "a string", node);
    }
    return PlainJson.wellFormed(node.stringValue(), path);
  }

  @Nullable Fields object(String name) {
    JsonNode node = node(name);
    if (node == null) {
      return null;
    }
    if (node instanceof ObjectNode inner) {
      return new Fields(inner, path(name) + ".");
    }
    throw wrong(path(name), "an object", node);
  }

  /** The objects of a list, each with its path. */
  @Nullable List<Fields> objects(String name) {
    List<JsonNode> nodes = list(name, Integer.MAX_VALUE);
    if (nodes == null) {
      return null;
    }
    List<Fields> objects = new ArrayList<>();
    for (JsonNode node : nodes) {
      String at = path(name) + "[" + objects.size() + "]";
      if (!(node instanceof ObjectNode object)) {
        throw wrong(at, "an object", node);
      }
      objects.add(new Fields(object, at + "."));
    }
    return objects;
  }

  @Nullable List<JsonNode> list(String name, int most) {
    JsonNode node = node(name);
    if (node == null) {
      return null;
    }
    if (!node.isArray()) {
      throw wrong(path(name), "a list", node);
    }
    if (node.size() > most) {
      throw HttpError.badField(
          path(name), path(name) + " has " + node.size() + " entries; give at most " + most);
    }
    return List.copyOf(node.values());
  }

  ObjectNode json() {
    return object;
  }

  static HttpError wrong(String path, String wanted, JsonNode found) {
    return HttpError.badField(path, path + " is " + shown(found) + ", but must be " + wanted);
  }

  static String shown(JsonNode node) {
    if (node.isObject()) {
      return "an object";
    }
    if (node.isArray()) {
      return "a list";
    }
    String text = node.toString();
    return text.length() <= 40 ? text : text.substring(0, 40) + "…";
  }
}
