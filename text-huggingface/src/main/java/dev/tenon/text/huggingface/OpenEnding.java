package dev.tenon.text.huggingface;

import dev.tenon.api.TenonException;
import java.util.List;
import java.util.Map;

/** Leaves the last message of a rendered conversation open, for the model to go on with it. */
final class OpenEnding {
  private OpenEnding() {}

  /** Cuts the text where the last message's content ends. */
  static String cut(String text, List<Map<String, Object>> messages) {
    String content =
        messages.isEmpty() || !(messages.getLast().get("content") instanceof String last)
            ? ""
            : last;
    int at = content.isBlank() ? -1 : text.lastIndexOf(content.strip());
    if (at < 0) {
      throw TenonException.invalid(
          "continue_final_message",
          "the last message has no content that the chat template writes out, so there is nothing "
              + "to continue");
    }
    String kept = content.stripLeading();
    int end = at + (text.startsWith(kept, at) ? kept : kept.stripTrailing()).length();
    return text.substring(0, end);
  }
}
