package dev.tenon.text.huggingface;

import dev.tenon.api.ChatPrompt;
import dev.tenon.api.ChatPrompt.Ending;
import dev.tenon.api.TenonException;
import dev.tenon.spi.text.ChatTemplate;
import dev.tenon.text.huggingface.jinja.JinjaException;
import dev.tenon.text.huggingface.jinja.JinjaTemplate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Renders conversations with a checkpoint's own templates. Thread-safe. */
final class JinjaChatTemplate implements ChatTemplate {
  private static final String WITH_TOOLS = "tool_use";

  private final Map<String, JinjaTemplate> templates;
  private final Map<String, String> specialTokens;

  /**
   * Takes at least one template.
   *
   * @param templates by name
   * @param specialTokens texts by variable name
   */
  JinjaChatTemplate(Map<String, JinjaTemplate> templates, Map<String, String> specialTokens) {
    this.templates = Map.copyOf(templates);
    this.specialTokens = Map.copyOf(specialTokens);
  }

  @Override
  public String render(ChatPrompt prompt) {
    List<Map<String, Object>> messages = MessagePreparation.prepare(prompt.messages());
    String text = render(choose(prompt), variables(prompt, messages));
    return prompt.ending() == Ending.CONTINUE_LAST_MESSAGE ? OpenEnding.cut(text, messages) : text;
  }

  private static String render(JinjaTemplate template, Map<String, Object> variables) {
    try {
      return template.render(variables);
    } catch (JinjaException failure) {
      String message =
          failure.kind() == JinjaException.Kind.RAISED
              ? "the chat template refuses the conversation: " + failure.detail()
              : "the chat template failed in " + failure.getMessage();
      throw TenonException.invalid("messages", message);
    }
  }

  private JinjaTemplate choose(ChatPrompt prompt) {
    JinjaTemplate withTools = templates.get(WITH_TOOLS);
    JinjaTemplate usual = templates.get(TokenizerConfig.DEFAULT_TEMPLATE);
    JinjaTemplate chosen = prompt.tools().isEmpty() || withTools == null ? usual : withTools;
    if (chosen == null) {
      throw TenonException.invalid(
          "messages", "the checkpoint has no default chat template, only " + templates.keySet());
    }
    return chosen;
  }

  private Map<String, Object> variables(ChatPrompt prompt, List<Map<String, Object>> messages) {
    Map<String, Object> variables = new HashMap<>(specialTokens);
    variables.putAll(none("tools", "documents"));
    for (Map.Entry<String, Object> argument : prompt.templateArguments().entrySet()) {
      switch (argument.getKey()) {
        case "messages", "tools", "add_generation_prompt", "chat_template" ->
            throw TenonException.invalid(
                "chat_template_kwargs",
                "'" + argument.getKey() + "' cannot be given in chat_template_kwargs");
        default -> variables.put(argument.getKey(), argument.getValue());
      }
    }
    variables.put("messages", messages);
    if (!prompt.tools().isEmpty()) {
      variables.put("tools", prompt.tools());
    }
    variables.put("add_generation_prompt", prompt.ending() == Ending.GENERATION_PROMPT);
    return variables;
  }

  @SuppressWarnings("NullAway") // A template's variable may be null, which it sees as none.
  private static Map<String, Object> none(String... names) {
    Map<String, Object> none = new HashMap<>();
    for (String name : names) {
      none.put(name, null);
    }
    return none;
  }
}
