package dev.tenon.distribution;

import dev.tenon.json.values.JsonValues;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON texts of the command line as plain values. */
final class JsonText {
  private JsonText() {}

  /** An object, or an error that names the flag. */
  static Map<String, Object> object(String flag, String json) {
    try {
      JsonNode node = JsonValues.read(json);
      if (node.isObject()) {
        return JsonValues.object(node);
      }
    } catch (JacksonException e) {
      throw new UsageException(
          flag + " is not JSON: " + e.getOriginalMessage() + "; give an object, in quotes: '{…}'");
    }
    throw new UsageException(flag + " is not a JSON object; give one in quotes: '{…}'");
  }

  static String write(Object value) {
    return JsonMapper.shared().writeValueAsString(value);
  }

  /** An array of token ids, or null if the text is something else. */
  static int @Nullable [] ids(String json) {
    try {
      JsonNode node = JsonValues.read(json);
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
}
