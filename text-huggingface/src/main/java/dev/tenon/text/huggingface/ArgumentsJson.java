package dev.tenon.text.huggingface;

import dev.tenon.api.TenonException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Arguments of a tool call that came as JSON text. */
final class ArgumentsJson {
  private static final JsonMapper MAPPER = new JsonMapper();

  private ArgumentsJson() {}

  static Map<String, Object> parse(String json, String place) {
    try {
      if (value(MAPPER.readTree(json)) instanceof Map<?, ?> object) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        object.forEach((key, value) -> arguments.put(String.valueOf(key), value));
        return arguments;
      }
    } catch (JacksonException broken) {
      throw TenonException.invalid(
          place, place + " has arguments that are not JSON: " + broken.getOriginalMessage());
    }
    throw TenonException.invalid(place, place + " has arguments that are not a JSON object");
  }

  private static @Nullable Object value(JsonNode node) {
    if (node.isObject()) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        map.put(field.getKey(), value(field.getValue()));
      }
      return map;
    } else if (node.isArray()) {
      List<@Nullable Object> list = new ArrayList<>(node.size());
      for (JsonNode item : node) {
        list.add(value(item));
      }
      return list;
    } else if (node.isString()) {
      return node.asString();
    } else if (node.isBoolean()) {
      return node.asBoolean();
    } else if (node.isIntegralNumber()) {
      return node.bigIntegerValue();
    }
    return node.isNumber() ? (Object) node.doubleValue() : null;
  }
}
