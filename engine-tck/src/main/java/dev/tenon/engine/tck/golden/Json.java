package dev.tenon.engine.tck.golden;

import dev.tenon.json.values.JsonValues;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON objects of goldens, read by member and written with line breaks. */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private Json() {}

  static Map<String, Object> object(byte[] json) {
    return JsonValues.object(JsonValues.read(json));
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
