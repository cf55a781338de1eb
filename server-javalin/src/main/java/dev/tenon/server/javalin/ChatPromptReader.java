package dev.tenon.server.javalin;

import dev.tenon.api.ChatPrompt;
import dev.tenon.api.ChatPrompt.Ending;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the conversation that a chat request or a request to count its tokens brings. */
final class ChatPromptReader {
  private ChatPromptReader() {}

  static ChatPrompt read(Fields fields, @Nullable List<Map<String, Object>> tools) {
    Map<String, Object> variables = ChatMessages.variables(fields, "chat_template_kwargs");
    if (variables.containsKey("chat_template")) {
      throw HttpError.unsupported(
          "chat_template_kwargs", "chat_template_kwargs may not bring a template of its own");
    }
    JsonNode documents = fields.node("documents");
    if (documents != null) {
      PlainJson.putPlain(variables, "documents", PlainJson.value(documents, "documents"));
    }
    return new ChatPrompt(
        ChatMessages.read(fields), tools == null ? List.of() : tools, ending(fields), variables);
  }

  private static Ending ending(Fields fields) {
    boolean resume = fields.flag("continue_final_message", false);
    boolean answer = fields.flag("add_generation_prompt", !resume);
    if (resume && answer) {
      throw HttpError.badField(
          "continue_final_message",
          "continue_final_message and add_generation_prompt exclude each other; set one to false");
    }
    if (resume) {
      return Ending.CONTINUE_LAST_MESSAGE;
    }
    return answer ? Ending.GENERATION_PROMPT : Ending.CLOSED;
  }
}
