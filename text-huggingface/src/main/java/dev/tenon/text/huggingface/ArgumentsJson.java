package dev.tenon.text.huggingface;

import dev.tenon.api.TenonException;
import dev.tenon.json.values.JsonValues;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Arguments of a tool call that came as JSON text. */
final class ArgumentsJson {
  // models write them: a key that comes twice is no reason to refuse a conversation
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private ArgumentsJson() {}

  static Map<String, Object> parse(String json, String place) {
    try {
      JsonNode arguments = MAPPER.readTree(json);
      if (arguments.isObject()) {
        return JsonValues.object(arguments);
      }
    } catch (JacksonException broken) {
      throw TenonException.invalid(
          place, place + " has arguments that are not JSON: " + broken.getOriginalMessage());
    }
    throw TenonException.invalid(place, place + " has arguments that are not a JSON object");
  }
}
