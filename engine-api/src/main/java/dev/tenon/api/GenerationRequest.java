package dev.tenon.api;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One prompt to continue.
 *
 * @param id names the request in logs and errors
 * @param prompt what to continue
 * @param sampling how tokens are chosen and when it ends
 * @param priority lower is served earlier under {@link SchedulingPolicy#PRIORITY}
 * @param diagnostics what to report for comparisons with other implementations; {@code null} is
 *     nothing
 */
public record GenerationRequest(
    String id,
    Prompt prompt,
    SamplingParameters sampling,
    int priority,
    @Nullable Diagnostics diagnostics) {

  /**
   * Internals to report once, with {@link GenerationEvent.Diagnosis}.
   *
   * @param draftTokens how many of the drafts proposed after the first token to report
   */
  public record Diagnostics(int draftTokens) {}

  /** A request with a fresh id and the usual priority. */
  public static GenerationRequest of(Prompt prompt, SamplingParameters sampling) {
    return new GenerationRequest("req-" + UUID.randomUUID(), prompt, sampling, 0, null);
  }
}
