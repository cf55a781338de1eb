package dev.tenon.text.huggingface;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.text.ChatTemplate;
import dev.tenon.text.huggingface.jinja.JinjaException;
import dev.tenon.text.huggingface.jinja.JinjaTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Finds and reads the chat templates of a checkpoint. */
final class ChatTemplates {
  static final String FILE = "chat_template.jinja";

  private ChatTemplates() {}

  /** {@code chat_template.jinja} if there is one, else those of {@code tokenizer_config.json}. */
  static Optional<ChatTemplate> read(Path folder) {
    TokenizerConfig config = TokenizerConfig.read(folder);
    Path file = folder.resolve(FILE);
    Map<String, JinjaTemplate> templates = new LinkedHashMap<>();
    if (Files.isRegularFile(file)) {
      templates.put(TokenizerConfig.DEFAULT_TEMPLATE, parse(file.toString(), source(file)));
    } else {
      for (Map.Entry<String, String> named : config.chatTemplates().entrySet()) {
        String place =
            "chat_template '" + named.getKey() + "' of " + folder.resolve(TokenizerConfig.NAME);
        templates.put(named.getKey(), parse(place, named.getValue()));
      }
    }
    return templates.isEmpty()
        ? Optional.empty()
        : Optional.of(new JinjaChatTemplate(templates, config.specialTokens()));
  }

  private static String source(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException unreadable) {
      throw new TenonException(
          ErrorCode.INVALID_CHECKPOINT, file + " cannot be read: " + unreadable, unreadable);
    }
  }

  private static JinjaTemplate parse(String place, String source) {
    try {
      return JinjaTemplate.parse(source);
    } catch (JinjaException broken) {
      throw new TenonException(
          ErrorCode.INVALID_CHECKPOINT, place + ", " + broken.getMessage(), broken);
    }
  }
}
