package dev.tenon.distribution.golden;

import dev.tenon.api.FinishReason;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.TokenLogprobs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What one request brought.
 *
 * @param tokens generated
 * @param logprobs per token; empty if not asked for
 * @param logits at the last prompt position; empty if not asked for
 * @param drafts after the first token; empty if not asked for
 * @param end why it ended
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
record Answer(
    int[] tokens,
    List<TokenLogprobs> logprobs,
    float[] logits,
    int[] drafts,
    @Nullable FinishReason end) {

  static Answer read(GenerationStream stream) {
    IntStream.Builder tokens = IntStream.builder();
    List<TokenLogprobs> logprobs = new ArrayList<>();
    float[] logits = {};
    int[] drafts = {};
    FinishReason end = null;
    try (stream) {
      for (GenerationEvent event = stream.next(); event != null; event = stream.next()) {
        switch (event) {
          case GenerationEvent.Delta delta -> {
            Arrays.stream(delta.tokens()).forEach(tokens::add);
            if (delta.logprobs() != null) {
              logprobs.addAll(delta.logprobs());
            }
          }
          case GenerationEvent.Diagnosis diagnosis -> {
            logits = diagnosis.logits();
            drafts = diagnosis.drafts();
          }
          case GenerationEvent.Finished finished -> end = finished.reason();
          case GenerationEvent.PromptProcessed processed -> {}
        }
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return new Answer(tokens.build().toArray(), logprobs, logits, drafts, end);
  }
}
