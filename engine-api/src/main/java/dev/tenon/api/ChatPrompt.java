package dev.tenon.api;

import java.util.List;
import java.util.Map;

/**
 * A conversation in OpenAI's form. Values are plain JSON values: {@code Map<String, Object>},
 * {@code List<Object>}, {@code String}, {@code Long}, {@code BigInteger}, {@code Double}, {@code
 * Boolean} and, where allowed, {@code null}; maps keep their order.
 *
 * @param messages each with {@code role} and {@code content}, as OpenAI's API has them
 * @param tools tool definitions as OpenAI's API has them; empty for none
 * @param ending what the prompt ends with
 * @param templateArguments further variables for the template
 */
public record ChatPrompt(
    List<Map<String, Object>> messages,
    List<Map<String, Object>> tools,
    Ending ending,
    Map<String, Object> templateArguments) {

  /** What a rendered conversation ends with. */
  public enum Ending {
    /** The header of an assistant's turn: the model answers. */
    GENERATION_PROMPT,
    /** The last message, closed. */
    CLOSED,
    /** The last message, left open for the model to continue. */
    CONTINUE_LAST_MESSAGE
  }

  /** Copies the lists. */
  public ChatPrompt {
    messages = List.copyOf(messages);
    tools = List.copyOf(tools);
  }

  /** One user message that the model answers. */
  public static ChatPrompt ofUser(String text) {
    return new ChatPrompt(
        List.of(Map.of("role", "user", "content", text)),
        List.of(),
        Ending.GENERATION_PROMPT,
        Map.of());
  }
}
