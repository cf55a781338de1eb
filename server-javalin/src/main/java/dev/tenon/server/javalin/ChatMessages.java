package dev.tenon.server.javalin;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Brings messages and tools into the form that chat templates expect. */
final class ChatMessages {
  private ChatMessages() {}

  static List<Map<String, Object>> read(Fields fields) {
    List<Fields> entries = fields.objects("messages");
    if (entries == null || entries.isEmpty()) {
      throw HttpError.badField(
          "messages", "messages is empty; give at least {\"role\": \"user\", \"content\": \"…\"}");
    }
    List<Map<String, Object>> messages = new ArrayList<>();
    for (Fields entry : entries) {
      messages.add(message(entry));
    }
    return messages;
  }

  private static Map<String, Object> message(Fields entry) {
    String path = entry.path("");
    Map<String, Object> message = PlainJson.map(entry.json(), path.substring(0, path.length() - 1));
    String role = entry.text("role");
    if (role == null || role.isEmpty()) {
      throw HttpError.badField(
          entry.path("role"),
          entry.path("role") + " is missing; give system, user, assistant or tool");
    }
    // OpenAI's newer name for the system role, which templates of open models do not know.
    message.put("role", role.equals("developer") ? "system" : role);
    content(entry, message, role);
    toolCalls(entry, message);
    return message;
  }

  private static void content(Fields entry, Map<String, Object> message, String role) {
    JsonNode content = entry.node("content");
    String path = entry.path("content");
    if (content == null) {
      if (!role.equals("assistant")) {
        throw HttpError.badField(path, path + " is missing; give a string");
      }
      return;
    }
    message.put("content", content.isArray() ? parts(entry) : Fields.string(content, path));
  }

  private static String parts(Fields entry) {
    List<String> texts = new ArrayList<>();
    List<Fields> parts = entry.objects("content");
    for (Fields part : parts == null ? List.<Fields>of() : parts) {
      String type = part.text("type");
      String text = part.text("text");
      if (!"text".equals(type) || text == null) {
        throw HttpError.badField(
            part.path("type"),
            part.path("type") + " is '" + type + "'; this model reads parts of type 'text' only");
      }
      texts.add(text);
    }
    return String.join("\n", texts);
  }

  private static void toolCalls(Fields entry, Map<String, Object> message) {
    List<Fields> calls = entry.objects("tool_calls");
    if (calls == null || calls.isEmpty()) {
      message.remove("tool_calls");
      return;
    }
    List<Object> prepared = new ArrayList<>();
    for (Fields call : calls) {
      Fields function = call.object("function");
      if (function == null || function.text("name") == null) {
        throw HttpError.badField(
            call.path("function"), call.path("function") + " is missing; give name and arguments");
      }
      Map<String, Object> named = PlainJson.map(function.json(), call.path("function"));
      PlainJson.putPlain(named, "arguments", arguments(function));
      Map<String, Object> plain = PlainJson.map(call.json(), call.path("function"));
      plain.put("function", named);
      prepared.add(plain);
    }
    message.put("tool_calls", prepared);
  }

  /** Clients send arguments as JSON text; templates want the object. */
  private static @Nullable Object arguments(Fields function) {
    JsonNode node = function.node("arguments");
    String path = function.path("arguments");
    if (node == null || (node.isString() && node.stringValue().isBlank())) {
      return new LinkedHashMap<String, Object>();
    }
    if (!node.isString()) {
      return PlainJson.value(node, path);
    }
    try {
      return PlainJson.value(Json.read(node.stringValue()), path);
    } catch (JacksonException e) {
      throw HttpError.badField(
          path, path + " is not JSON; give the call's arguments as a JSON object");
    }
  }

  /** The tools as the template sees them; {@code null} if there are none. */
  static @Nullable List<Map<String, Object>> tools(Fields fields) {
    List<Fields> entries = fields.objects("tools");
    if (entries == null) {
      return null;
    }
    if (entries.isEmpty()) {
      throw HttpError.badField("tools", "tools is empty; list a tool, or leave it out");
    }
    List<Map<String, Object>> tools = new ArrayList<>();
    for (Fields entry : entries) {
      Fields function = entry.object("function");
      String name = function == null ? null : function.text("name");
      if (!"function".equals(entry.text("type")) || name == null || name.isEmpty()) {
        throw HttpError.badField(
            entry.path("function"),
            entry.path("")
                + " give {\"type\": \"function\", \"function\": {\"name\": …, \"parameters\": …}}");
      }
      tools.add(PlainJson.map(entry.json(), entry.path("function")));
    }
    return tools;
  }

  /** An object's plain values, or none. */
  static Map<String, Object> variables(Fields fields, String name) {
    JsonNode node = fields.node(name);
    if (node == null) {
      return new LinkedHashMap<>();
    }
    if (node instanceof ObjectNode object) {
      return PlainJson.map(object, name);
    }
    throw Fields.wrong(name, "an object", node);
  }
}
