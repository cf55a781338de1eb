package dev.tenon.engine.runtime.opening;

import dev.tenon.spi.backend.StepShape;

/** What steps take beside weights, pages and slots. */
@FunctionalInterface
interface StepNeeds {
  /** Nothing, or not known. */
  Bytes NONE = new Bytes(0, 0);

  /**
   * Needs of all steps within limits.
   *
   * @param limits bounds of a step
   * @param maxLength longest sequence, tokens
   * @param pageSize tokens of a KV page
   */
  Bytes of(StepShape limits, int maxLength, int pageSize);

  /**
   * Bytes.
   *
   * @param work temporary buffers, and what steps share
   * @param recordings of steps; 0 where there are none or they are part of {@code work}
   */
  record Bytes(long work, long recordings) {
    long sum() {
      return work + recordings;
    }
  }

  /** Activations of a step and its logits: an estimate, for backends that cannot tell. */
  static StepNeeds estimate(int hiddenSize, int vocabularySize) {
    final int workBytesPerHidden = 64;
    final int logitCopies = 2;
    return (limits, maxLength, pageSize) ->
        new Bytes(
            (long) limits.rows() * hiddenSize * workBytesPerHidden
                + (long) limits.logitRows() * vocabularySize * Float.BYTES * logitCopies,
            0);
  }
}
