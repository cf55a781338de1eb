package dev.tenon.server.javalin;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Who decides whether a tool is called. */
enum ToolChoice {
  /** The model. */
  AUTO,
  /** Nobody: the answer is text. */
  NONE;

  private static final String CONSTRAINED =
      "needs constrained decoding, which is not offered yet; send \"tool_choice\": \"auto\" and ask"
          + " for the call in the conversation";

  static ToolChoice read(
      Fields fields, @Nullable List<Map<String, Object>> tools, ServerConfig config) {
    JsonNode choice = fields.node("tool_choice");
    if (tools == null) {
      if (choice != null && !isText(choice, "none")) {
        throw HttpError.badField("tool_choice", "tool_choice needs tools; send both or neither");
      }
      return NONE;
    }
    if (choice == null || isText(choice, "auto")) {
      return auto(config);
    }
    if (isText(choice, "none")) {
      return NONE;
    }
    if (isText(choice, "required")) {
      throw HttpError.unsupported("tool_choice", "tool_choice \"required\" " + CONSTRAINED);
    }
    throw refusedName(choice, tools);
  }

  private static ToolChoice auto(ServerConfig config) {
    boolean enabled = config.autoToolChoice() == ServerConfig.AutoToolChoice.ENABLED;
    if (!enabled || config.toolCallParser() == null) {
      throw HttpError.unsupported(
          "tool_choice",
          "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be"
              + " set when the server starts; or send \"tool_choice\": \"none\"");
    }
    return AUTO;
  }

  private static HttpError refusedName(JsonNode choice, List<Map<String, Object>> tools) {
    JsonNode function = choice instanceof ObjectNode object ? object.get("function") : null;
    JsonNode name = function instanceof ObjectNode object ? object.get("name") : null;
    if (name == null || !name.isString()) {
      return Fields.wrong("tool_choice", "\"auto\" or \"none\"", choice);
    }
    boolean known =
        tools.stream()
            .anyMatch(tool ->
                tool.get("function") instanceof Map<?, ?> offered
                    && name.stringValue().equals(offered.get("name")));
    return known
        ? HttpError.unsupported("tool_choice", "a named tool_choice " + CONSTRAINED)
        : HttpError.badField(
            "tool_choice", "tool_choice names " + Fields.shown(name) + ", which is not in tools");
  }

  private static boolean isText(JsonNode node, String text) {
    return node.isString() && node.stringValue().equals(text);
  }
}
