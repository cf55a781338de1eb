package dev.tenon.engine.runtime.admission;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.Prompt;
import dev.tenon.api.TenonException;
import dev.tenon.spi.text.TextSupport;
import dev.tenon.spi.text.Tokenizer;
import java.util.Optional;

/** Turns prompts into ids within the bounds. */
final class PromptEncoding {
  /** No tokenizer packs more characters into a token than this on average. */
  private static final long MOST_CHARACTERS_PER_TOKEN = 256;

  private final Optional<TextSupport> text;
  private final AdmissionLimits limits;

  PromptEncoding(Optional<TextSupport> text, AdmissionLimits limits) {
    this.text = text;
    this.limits = limits;
  }

  int[] encode(Prompt prompt) {
    int[] ids =
        switch (prompt) {
          case Prompt.Tokens tokens -> checked(tokens.ids());
          case Prompt.Text plain -> encode("prompt", plain.text());
          case Prompt.Chat chat ->
              encode(
                  "messages",
                  text.flatMap(TextSupport::chatTemplate)
                      .orElseThrow(PromptEncoding::noTemplate)
                      .render(chat.conversation()));
        };
    if (ids.length == 0) {
      throw TenonException.invalid(
          "prompt", "the prompt is empty; give at least one token to continue");
    }
    if (ids.length >= limits.context()) {
      throw TenonException.of(
          ErrorCode.PROMPT_TOO_LONG,
          "prompt",
          "%s, the prompt has %d and at least one must be left for the answer; shorten it"
              .formatted(limits.contextExplained(), ids.length));
    }
    return ids;
  }

  private int[] encode(String field, String prompt) {
    Checks.wellFormed(field, prompt);
    if (prompt.length() > limits.context() * MOST_CHARACTERS_PER_TOKEN) {
      throw TenonException.of(
          ErrorCode.PROMPT_TOO_LONG,
          field,
          "%s, a prompt of %d characters cannot be that short; shorten it"
              .formatted(limits.contextExplained(), prompt.length()));
    }
    Tokenizer tokenizer =
        text.map(TextSupport::tokenizer)
            .orElseThrow(() ->
                new TenonException(
                    ErrorCode.UNSUPPORTED,
                    "the checkpoint has no tokenizer.json; give the prompt as token ids"));
    return checked(tokenizer.encode(prompt));
  }

  private int[] checked(int[] ids) {
    for (int id : ids) {
      Checks.id("prompt", id, limits.vocabularySize());
    }
    return ids;
  }

  static TenonException noTemplate() {
    return new TenonException(
        ErrorCode.UNSUPPORTED,
        "the checkpoint has no chat template; give the prompt as text or token ids");
  }
}
