package dev.tenon.engine.runtime.opening;

import dev.tenon.spi.backend.StepShape;

/**
 * How memory is divided on each rank.
 *
 * @param maxLength longest prompt plus output, tokens
 * @param pageSize tokens of a KV page
 * @param pages KV pages
 * @param limits bounds of a step; its sequences are the slots
 * @param pageBytes of one page
 * @param slotBytes of one slot
 * @param steps what steps take beside them
 */
record PoolPlan(
    int maxLength,
    int pageSize,
    int pages,
    StepShape limits,
    long pageBytes,
    long slotBytes,
    StepNeeds.Bytes steps) {
  /** Bytes of all pages and slots. */
  long bytes() {
    return pages * pageBytes + limits.sequences() * slotBytes;
  }
}
