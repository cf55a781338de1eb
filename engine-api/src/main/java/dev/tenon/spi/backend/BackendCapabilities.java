package dev.tenon.spi.backend;

import java.util.Set;

/**
 * What a backend offers beyond the rules that bind all.
 *
 * @param weightTypes element types of matrices that it takes
 * @param preferredRows rows of a step at which more rows no longer make it more efficient; the
 *     default step budget
 * @param preferredSequences default number of sequences at once
 * @param defaultPageSize default tokens of a KV page
 */
public record BackendCapabilities(
    Set<ElementType> weightTypes, int preferredRows, int preferredSequences, int defaultPageSize) {
  /** Copies the set. */
  public BackendCapabilities {
    weightTypes = Set.copyOf(weightTypes);
  }
}
