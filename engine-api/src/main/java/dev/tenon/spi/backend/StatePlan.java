package dev.tenon.spi.backend;

import java.util.List;

/**
 * The pools to allocate on one rank.
 *
 * @param states per layer
 * @param pageSize tokens of a KV page
 * @param pages pages of the pool, shared by all paged layers: page p of each belongs together
 * @param slots sequences that have state at once
 * @param limits what bounds one sequence
 */
public record StatePlan(
    List<StateSpec> states, int pageSize, int pages, int slots, StateLimits limits) {
  /** Copies the list. */
  public StatePlan {
    states = List.copyOf(states);
  }

  /** Pages of the longest sequence. */
  public int pagesPerSequence() {
    return Math.ceilDiv(limits.maxLength() + limits.draftTokens() + 1, pageSize);
  }
}
