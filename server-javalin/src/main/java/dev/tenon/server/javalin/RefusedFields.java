package dev.tenon.server.javalin;

import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * Fields that would change the answer and that this server does not offer: ignoring them would be
 * worse than refusing them. All other unknown fields are ignored, as by vLLM.
 */
final class RefusedFields {
  private static final String ASK_IN_PROMPT =
      "constrained decoding is not offered yet; describe the form in the prompt and check the"
          + " answer";

  private static final Map<String, String> REASONS =
      Map.ofEntries(
          Map.entry(
              "chat_template",
              "a request may not bring its own template; use chat_template_kwargs for variables of"
                  + " the checkpoint's"),
          Map.entry("structured_outputs", ASK_IN_PROMPT),
          Map.entry("guided_json", ASK_IN_PROMPT),
          Map.entry("guided_regex", ASK_IN_PROMPT),
          Map.entry("guided_choice", ASK_IN_PROMPT),
          Map.entry("guided_grammar", ASK_IN_PROMPT),
          Map.entry("use_beam_search", "beam search is not offered; use n and temperature"),
          Map.entry("suffix", "insertion is not offered; put all context into prompt"),
          Map.entry("prompt_embeds", "embeddings are not taken; send text or token ids"),
          Map.entry("truncate_prompt_tokens", "prompts are not truncated; send a shorter one"),
          Map.entry("functions", "functions is the old form; send tools"),
          Map.entry("function_call", "function_call is the old form; send tool_choice"));

  private RefusedFields() {}

  static void check(Fields fields) {
    REASONS.forEach((name, reason) -> {
      JsonNode node = fields.node(name);
      if (node != null && !isOff(node)) {
        throw HttpError.unsupported(name, reason);
      }
    });
    int n = fields.integer("n", 1, Integer.MAX_VALUE, 1);
    if (fields.integer("best_of", 0, Integer.MAX_VALUE, n) > n) {
      throw HttpError.unsupported("best_of", "best_of above n is not offered; use n");
    }
    Fields format = fields.object("response_format");
    String type = format == null ? null : format.text("type");
    if (format != null && !"text".equals(type)) {
      throw HttpError.unsupported("response_format", "type '" + type + "': " + ASK_IN_PROMPT);
    }
  }

  private static boolean isOff(JsonNode node) {
    return node.isBoolean() ? !node.booleanValue() : node.isString() && node.asString().isEmpty();
  }
}
