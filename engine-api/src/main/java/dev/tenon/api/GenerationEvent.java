package dev.tenon.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What happens to a request, in order. Arrays belong to the receiver. */
public sealed interface GenerationEvent {
  /**
   * The request was admitted and its prompt processed; first event of every stream that was not
   * cancelled before.
   *
   * @param promptTokens length of the prompt
   * @param cachedTokens how many of them were reused from earlier requests
   * @param promptIds the prompt's ids
   * @param logprobs per prompt position but the first, if asked for
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record PromptProcessed(
      int promptTokens, int cachedTokens, int[] promptIds, @Nullable List<TokenLogprobs> logprobs)
      implements GenerationEvent {}

  /**
   * Output of one choice. The text may lag behind the ids: half characters and possible beginnings
   * of stop texts are held back.
   *
   * @param choice 0 … n − 1
   * @param text new text, possibly empty; all texts of a choice joined are its output
   * @param tokens ids that were produced, end-of-text and stop ids included
   * @param logprobs one per id, if asked for
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Delta(int choice, String text, int[] tokens, @Nullable List<TokenLogprobs> logprobs)
      implements GenerationEvent {}

  /**
   * Internals that {@link GenerationRequest.Diagnostics} asked for; comes before the first delta's
   * successor.
   *
   * @param logits raw logits at the last prompt position, the whole vocabulary
   * @param drafts draft tokens proposed after the first output token
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Diagnosis(float[] logits, int[] drafts) implements GenerationEvent {}

  /**
   * A choice ended.
   *
   * @param choice 0 … n − 1
   * @param reason why
   * @param stop the stop text, or the id of a requested stop token, that ended it; {@code null} for
   *     end-of-text and other reasons
   * @param outputTokens tokens generated for this choice
   */
  record Finished(int choice, FinishReason reason, @Nullable Object stop, int outputTokens)
      implements GenerationEvent {}
}
