package dev.tenon.api;

/**
 * A speculative method and how far it looks ahead.
 *
 * @param method id that a speculator plugin answers to, e.g. {@code qwen3_next_mtp}
 * @param draftTokens tokens drafted per step, 1 … 4
 */
public record SpeculationConfig(String method, int draftTokens) {
  /** Most tokens that a step may draft. */
  public static final int MAX_DRAFT_TOKENS = 4;

  /** Checks the range. */
  public SpeculationConfig {
    if (draftTokens < 1 || draftTokens > MAX_DRAFT_TOKENS) {
      throw TenonException.of(
          ErrorCode.INVALID_CONFIGURATION,
          "num_speculative_tokens",
          "num_speculative_tokens is "
              + draftTokens
              + "; give 1 to "
              + MAX_DRAFT_TOKENS
              + " tokens to draft per step");
    }
  }
}
