package dev.tenon.spi.text;

import dev.tenon.api.ChatPrompt;

/** Renders conversations as the model was trained to read them. Thread-safe. */
public interface ChatTemplate {
  /**
   * The prompt's text.
   *
   * @throws dev.tenon.api.TenonException {@code INVALID_REQUEST} if the template refuses the
   *     conversation or exceeds its bounds in time and output
   */
  String render(ChatPrompt prompt);
}
