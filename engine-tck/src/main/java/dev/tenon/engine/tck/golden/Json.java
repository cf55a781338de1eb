package dev.tenon.engine.tck.golden;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON objects as maps, integers as {@code Long}. */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_LONG_FOR_INTS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private Json() {}

  static Map<String, Object> object(byte[] json) {
    @Nullable LinkedHashMap<String, Object> object =
        MAPPER.readValue(json, new TypeReference<LinkedHashMap<String, Object>>() {});
    if (object == null) {
      throw new IllegalArgumentException("not a JSON object");
    }
    return object;
  }

  static List<?> list(Map<?, ?> object, String key) {
    return (List<?>) member(object, key);
  }

  static Map<?, ?> map(Map<?, ?> object, String key) {
    return (Map<?, ?>) member(object, key);
  }

  static Number number(Map<?, ?> object, String key) {
    return (Number) member(object, key);
  }

  private static Object member(Map<?, ?> object, String key) {
    return Objects.requireNonNull(object.get(key), key);
  }

  static byte[] bytes(Map<String, Object> object) {
    return MAPPER.writeValueAsBytes(object);
  }
}
