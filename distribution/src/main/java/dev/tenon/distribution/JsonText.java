package dev.tenon.distribution;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON texts of the command line as plain values. */
final class JsonText {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private JsonText() {}

  /** An object, or an error that names the flag. */
  static Map<String, Object> object(String flag, String json) {
    try {
      JsonNode node = MAPPER.readTree(json);
      if (node.isObject()) {
        Map<String, Object> values = new LinkedHashMap<>();
        node.properties().forEach(entry -> values.put(entry.getKey(), plain(entry.getValue())));
        return values;
      }
    } catch (JacksonException e) {
      throw new UsageException(
          flag + " is not JSON: " + e.getOriginalMessage() + "; give an object, in quotes: '{…}'");
    }
    throw new UsageException(flag + " is not a JSON object; give one in quotes: '{…}'");
  }

  static String write(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /** An array of token ids, or null if the text is something else. */
  static int @Nullable [] ids(String json) {
    try {
      JsonNode node = MAPPER.readTree(json);
      if (!node.isArray()) {
        return null;
      }
      int[] ids = new int[node.size()];
      for (int i = 0; i < ids.length; i++) {
        if (!node.get(i).isIntegralNumber() || !node.get(i).canConvertToInt()) {
          return null;
        }
        ids[i] = node.get(i).intValue();
      }
      return ids;
    } catch (JacksonException e) {
      return null;
    }
  }

  @SuppressWarnings("NullAway") // JSON null is a value of the map
  private static Object plain(JsonNode node) {
    if (node.isObject()) {
      Map<String, Object> values = new LinkedHashMap<>();
      node.properties().forEach(entry -> values.put(entry.getKey(), plain(entry.getValue())));
      return values;
    }
    if (node.isArray()) {
      List<Object> values = new ArrayList<>();
      node.forEach(element -> values.add(plain(element)));
      return values;
    }
    if (node.isIntegralNumber()) {
      BigInteger value = node.bigIntegerValue();
      return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }
    if (node.isNumber()) {
      return node.doubleValue();
    }
    if (node.isBoolean()) {
      return node.booleanValue();
    }
    return node.isNull() ? null : node.stringValue();
  }
}
