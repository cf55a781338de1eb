package dev.tenon.engine.runtime.stream;

import dev.tenon.api.FinishReason;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.text.Detokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Turns one choice's tokens into text and finds its end. */
final class ChoiceReader {
  private final int choice;
  private final OutputStyle style;
  private final @Nullable Detokenizer detokenizer;
  private final StopSearch search;
  private int outputTokens;
  private boolean finished;

  ChoiceReader(int choice, OutputStyle style) {
    this.choice = choice;
    this.style = style;
    this.detokenizer =
        style.tokenizer() == null ? null : style.tokenizer().detokenizer(style.specialTokens());
    this.search =
        new StopSearch(
            style.stops(),
            style.includeStop() ? StopSearch.Inclusion.INCLUDED : StopSearch.Inclusion.EXCLUDED);
  }

  boolean isFinished() {
    return finished;
  }

  /** Takes tokens; answers whether a stop text ended the choice before the engine knew. */
  boolean accept(RawResult.Produced produced, Consumer<GenerationEvent> events) {
    if (finished) {
      return false;
    }
    StringBuilder text = new StringBuilder();
    int[] tokens = produced.tokens();
    for (int i = 0; i < tokens.length; i++) {
      outputTokens++;
      boolean ends = i == tokens.length - 1 && produced.end() == StepOutput.ENDED_BY_TOKEN;
      String stop = search(ends && isSilent(tokens[i]) ? "" : piece(tokens[i]), text);
      if (stop != null) {
        events.accept(delta(text, produced, i + 1));
        finish(FinishReason.STOP, stop, events);
        return produced.end() == StepOutput.RUNNING;
      }
    }
    if (produced.end() == StepOutput.RUNNING) {
      events.accept(delta(text, produced, tokens.length));
      return false;
    }
    String stop = search(detokenizer == null ? "" : detokenizer.finish(), text);
    if (stop == null) {
      search.finish(text);
    }
    events.accept(delta(text, produced, tokens.length));
    if (stop != null) {
      finish(FinishReason.STOP, stop, events);
    } else if (produced.end() == StepOutput.ENDED_BY_TOKEN) {
      int last = tokens[tokens.length - 1];
      finish(FinishReason.STOP, style.stopIds().contains(last) ? last : null, events);
    } else {
      finish(FinishReason.LENGTH, null, events);
    }
    return false;
  }

  /** Whether the token that ended the choice has no place in its text. */
  private boolean isSilent(int token) {
    return !style.includeStop() || style.endOfTextIds().contains(token);
  }

  private String piece(int token) {
    return detokenizer == null ? "" : detokenizer.feed(token);
  }

  private @Nullable String search(String piece, StringBuilder text) {
    if (outputTokens < style.minTokens()) {
      search.pass(piece, text);
      return null;
    }
    return search.feed(piece, text);
  }

  private GenerationEvent.Delta delta(StringBuilder text, RawResult.Produced produced, int count) {
    List<TokenLogprobs> logprobs = produced.logprobs();
    return new GenerationEvent.Delta(
        choice,
        text.toString(),
        count == produced.tokens().length
            ? produced.tokens()
            : Arrays.copyOf(produced.tokens(), count),
        logprobs == null ? null : List.copyOf(logprobs.subList(0, count)));
  }

  private void finish(
      FinishReason reason, @Nullable Object stop, Consumer<GenerationEvent> events) {
    finished = true;
    events.accept(new GenerationEvent.Finished(choice, reason, stop, outputTokens));
  }
}
