package dev.tenon.engine.tck.asserting;

import dev.tenon.spi.backend.SlotSetup;
import java.util.ArrayList;
import java.util.List;

/** What a caller can know of the sequence in a slot. */
final class SlotShadow {
  final SlotSetup setup;
  final long owner;
  final List<Integer> table = new ArrayList<>();
  int prefilled;
  int output;
  int pendingMost;
  long lastStep;
  boolean ended;
  boolean hasDrafts;

  SlotShadow(SlotSetup setup, long owner) {
    this.setup = setup;
    this.owner = owner;
    this.output = setup.tokens().length - setup.promptLength();
  }

  boolean isPrefilled() {
    return prefilled == setup.tokens().length;
  }

  /** Position of the last token at most. */
  int latestStart() {
    return setup.promptLength() + output - 1 + pendingMost;
  }

  /** Position of the last token at least. */
  int earliestStart() {
    return setup.promptLength() + output - 1;
  }
}
