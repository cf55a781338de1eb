package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.SlotSetup;

/** A sequence as its next step sees it. */
interface BatchSequence {
  int slot();

  /** Whether the step is its first. */
  boolean isNew();

  SlotSetup setup();

  /** The step's rows; row 0 of a decode is not looked at. */
  int[] tokens();

  /** As in {@link dev.tenon.spi.backend.StepBatch}. */
  byte kind();

  int position();

  /** The token that follows a prompt's chunk, or −1. */
  int nextToken();

  int hostDrafts();

  /** Whether a prompt's rows all need logits. */
  boolean reportsPrompt();
}
