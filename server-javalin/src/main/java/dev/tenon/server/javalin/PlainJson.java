package dev.tenon.server.javalin;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON as the plain values that the engine's API takes. */
final class PlainJson {
  private PlainJson() {}

  static Map<String, Object> map(ObjectNode object, String path) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      String key = wellFormed(entry.getKey(), path);
      putPlain(map, key, value(entry.getValue(), path + "." + key));
    }
    return map;
  }

  @SuppressWarnings("NullAway") // the API's plain values allow null for JSON's null
  static void putPlain(Map<String, Object> map, String key, @Nullable Object value) {
    map.put(key, value);
  }

  @SuppressWarnings("NullAway") // as above
  static @Nullable Object value(JsonNode node, String path) {
    return switch (node.getNodeType()) {
      case OBJECT -> map((ObjectNode) node, path);
      case ARRAY -> {
        List<Object> list = new ArrayList<>(node.size());
        for (JsonNode entry : node.values()) {
          list.add(value(entry, path + "[" + list.size() + "]"));
        }
        yield list;
      }
      case STRING -> wellFormed(node.stringValue(), path);
      case BOOLEAN -> node.booleanValue();
      case NUMBER -> number(node, path);
      default -> null;
    };
  }

  private static Object number(JsonNode node, String path) {
    if (node.isIntegralNumber()) {
      return node.canConvertToLong() ? (Object) node.longValue() : node.bigIntegerValue();
    }
    return Fields.finite(node, path, -Double.MAX_VALUE, Double.MAX_VALUE);
  }

  /** Refuses halves of surrogate pairs: they are no characters and have no UTF-8. */
  static String wellFormed(String text, String path) {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (!Character.isSurrogate(unit)) {
        continue;
      }
      boolean pair =
          Character.isHighSurrogate(unit)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (!pair) {
        throw HttpError.badField(
            path,
            String.format(
                Locale.ROOT,
                "%s holds half of a surrogate pair (\\u%04x) at position %d; send whole characters",
                path,
                (int) unit,
                i));
      }
      i++;
    }
    return text;
  }
}
