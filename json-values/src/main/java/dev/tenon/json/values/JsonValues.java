package dev.tenon.json.values;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON as plain values: objects as maps that keep their order, arrays as lists, integers as {@code
 * Long} or, where they need it, {@code BigInteger}, other numbers as {@code Double}, and {@code
 * null}.
 */
public final class JsonValues {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private JsonValues() {}

  /**
   * Reads a whole text; a key that comes twice in an object is an error.
   *
   * @throws JacksonException for what is not JSON
   */
  public static JsonNode read(String json) {
    return MAPPER.readTree(json);
  }

  /**
   * Reads a whole text in UTF-8; a key that comes twice in an object is an error.
   *
   * @throws JacksonException for what is not JSON
   */
  public static JsonNode read(byte[] json) {
    return MAPPER.readTree(json);
  }

  /** Plain values as JSON. */
  public static String write(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /**
   * The members of an object.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static Map<String, Object> object(JsonNode object) {
    if (!object.isObject()) {
      throw new IllegalArgumentException("expected a JSON object, found " + object.getNodeType());
    }
    return members(object);
  }

  /** The value of any JSON; a missing one counts as null. */
  @SuppressWarnings("NullAway") // the API's plain values allow null for JSON's null
  public static @Nullable Object value(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> members(node);
      case ARRAY -> {
        List<Object> elements = new ArrayList<>(node.size());
        node.forEach(element -> elements.add(value(element)));
        yield elements;
      }
      case STRING -> node.stringValue();
      case BOOLEAN -> node.booleanValue();
      case NUMBER -> number(node);
      case NULL, MISSING -> null;
      case BINARY, POJO ->
          throw new IllegalArgumentException(node.getNodeType() + " does not come from JSON");
    };
  }

  @SuppressWarnings("NullAway") // as above
  private static Map<String, Object> members(JsonNode object) {
    Map<String, Object> members = new LinkedHashMap<>();
    object.properties().forEach(member -> members.put(member.getKey(), value(member.getValue())));
    return members;
  }

  private static Object number(JsonNode node) {
    if (!node.isIntegralNumber()) {
      return node.doubleValue();
    }
    return node.canConvertToLong() ? (Object) node.longValue() : node.bigIntegerValue();
  }
}
