package dev.tenon.engine.runtime.admission;

import dev.tenon.api.TenonException;
import dev.tenon.spi.text.Tokenizer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks stop texts. */
final class StopTexts {
  private static final int MOST = 256;
  private static final int LONGEST = 4096;

  private StopTexts() {}

  static void check(List<String> stops, @Nullable Tokenizer tokenizer) {
    if (stops.isEmpty()) {
      return;
    }
    if (tokenizer == null) {
      throw TenonException.invalid(
          "stop", "the checkpoint has no tokenizer, so there is no text; use stop_token_ids");
    }
    if (stops.size() > MOST) {
      throw TenonException.invalid(
          "stop", "stop must have at most %d texts, got %d".formatted(MOST, stops.size()));
    }
    for (String stop : stops) {
      if (stop.isEmpty() || stop.length() > LONGEST) {
        throw TenonException.invalid(
            "stop",
            "each stop text must have 1 to %d characters, got %d"
                .formatted(LONGEST, stop.length()));
      }
      Checks.wellFormed("stop", stop);
    }
  }
}
