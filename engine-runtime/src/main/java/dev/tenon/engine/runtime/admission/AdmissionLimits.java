package dev.tenon.engine.runtime.admission;

/**
 * What requests may ask for.
 *
 * @param maxModelLen longest prompt plus output of the engine
 * @param longest longest sequence that the KV pool holds, if that is less
 * @param vocabularySize ids that the model has logits for
 * @param maxChoices greatest n
 * @param maxLogprobs most alternatives; −1 for all
 * @param draftTokens drafts per step
 * @param priorities whether requests have priorities
 */
public record AdmissionLimits(
    int maxModelLen,
    int longest,
    int vocabularySize,
    int maxChoices,
    int maxLogprobs,
    int draftTokens,
    boolean priorities) {
  /** Longest prompt plus output that can be served. */
  int context() {
    return Math.min(maxModelLen, longest);
  }

  /** Why {@link #context} is what it is. */
  String contextExplained() {
    return longest < maxModelLen
        ? "the KV pool holds sequences of at most %d tokens (the model %d)"
            .formatted(longest, maxModelLen)
        : "the maximum context length is %d tokens".formatted(maxModelLen);
  }
}
