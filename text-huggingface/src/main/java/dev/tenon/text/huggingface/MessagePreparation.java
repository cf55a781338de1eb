package dev.tenon.text.huggingface;

import dev.tenon.api.TenonException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Brings messages into the form that templates are written for: content is text, arguments of tool
 * calls are objects, and there is no empty list of tool calls.
 */
final class MessagePreparation {
  private MessagePreparation() {}

  static List<Map<String, Object>> prepare(List<Map<String, Object>> messages) {
    List<Map<String, Object>> prepared = new ArrayList<>(messages.size());
    for (int i = 0; i < messages.size(); i++) {
      prepared.add(prepare(messages.get(i), "messages[" + i + "]"));
    }
    return prepared;
  }

  private static Map<String, Object> prepare(Map<String, Object> message, String place) {
    Map<String, Object> prepared = new LinkedHashMap<>(message);
    prepared.put("content", content(message.get("content"), place + ".content"));
    Object calls = message.get("tool_calls");
    if (calls instanceof List<?> list && !list.isEmpty()) {
      List<Object> preparedCalls = new ArrayList<>(list.size());
      for (Object call : list) {
        preparedCalls.add(call instanceof Map<?, ?> map ? prepareCall(map, place) : call);
      }
      prepared.put("tool_calls", preparedCalls);
    } else {
      prepared.remove("tool_calls");
    }
    return prepared;
  }

  private static String content(@Nullable Object content, String place) {
    if (content == null) {
      return "";
    } else if (content instanceof String text) {
      return text;
    } else if (content instanceof List<?> parts) {
      List<String> texts = new ArrayList<>(parts.size());
      for (Object part : parts) {
        texts.add(part(part, place));
      }
      return String.join("\n", texts);
    }
    throw TenonException.invalid(place, place + " must be text or a list of content parts");
  }

  private static String part(Object part, String place) {
    if (part instanceof String text) {
      return text;
    }
    if (part instanceof Map<?, ?> map) {
      if (map.get("text") instanceof String text) {
        return text;
      } else if (map.get("refusal") instanceof String refusal) {
        return refusal;
      }
      throw TenonException.invalid(
          place,
          place + " has a part of type '" + map.get("type") + "'; this model reads text only");
    }
    throw TenonException.invalid(place, place + " has a part that is neither text nor an object");
  }

  /** Both the wrapped form, with {@code function}, and the bare one. */
  private static Map<String, Object> prepareCall(Map<?, ?> call, String place) {
    Map<String, Object> prepared = copy(call);
    if (call.get("function") instanceof Map<?, ?> function) {
      prepared.put("function", withArguments(copy(function), place));
      return prepared;
    }
    return withArguments(prepared, place);
  }

  private static Map<String, Object> copy(Map<?, ?> map) {
    Map<String, Object> copy = new LinkedHashMap<>();
    map.forEach((key, value) -> copy.put(String.valueOf(key), value));
    return copy;
  }

  private static Map<String, Object> withArguments(Map<String, Object> function, String place) {
    Object arguments = function.get("arguments");
    if (arguments == null || arguments.equals("")) {
      function.put("arguments", Map.of());
    } else if (arguments instanceof String json) {
      function.put("arguments", ArgumentsJson.parse(json, place + ".tool_calls"));
    }
    return function;
  }
}
