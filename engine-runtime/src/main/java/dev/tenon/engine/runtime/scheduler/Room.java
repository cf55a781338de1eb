package dev.tenon.engine.runtime.scheduler;

/** What a scheduler asks of the pools before it proposes to admit a sequence. */
public interface Room {
  /** Slots that nobody has. */
  int freeSlots();

  /** Whether a waiting sequence's pages could be had now. */
  boolean admits(Sequence sequence);
}
