package dev.tenon.server.javalin;

import dev.tenon.json.values.JsonValues;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON as the plain values that the engine's API takes. */
final class PlainJson {
  private PlainJson() {}

  static Map<String, Object> map(ObjectNode object, String path) {
    check(object, path);
    return JsonValues.object(object);
  }

  static @Nullable Object value(JsonNode node, String path) {
    check(node, path);
    return JsonValues.value(node);
  }

  @SuppressWarnings("NullAway") // the API's plain values allow null for JSON's null
  static void putPlain(Map<String, Object> map, String key, @Nullable Object value) {
    map.put(key, value);
  }

  /** Refuses, by its path, what is JSON for the reader and no value for the engine. */
  private static void check(JsonNode node, String path) {
    switch (node.getNodeType()) {
      case OBJECT -> {
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
          check(entry.getValue(), path + "." + wellFormed(entry.getKey(), path));
        }
      }
      case ARRAY -> {
        for (int i = 0; i < node.size(); i++) {
          check(node.get(i), path + "[" + i + "]");
        }
      }
      case STRING -> wellFormed(node.stringValue(), path);
      case NUMBER -> {
        if (!node.isIntegralNumber()) {
          Fields.finite(node, path, -Double.MAX_VALUE, Double.MAX_VALUE);
        }
      }
      case BOOLEAN, NULL, MISSING, BINARY, POJO -> {}
    }
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
