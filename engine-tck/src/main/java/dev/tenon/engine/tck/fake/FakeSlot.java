package dev.tenon.engine.tck.fake;

import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import java.util.Arrays;

/** What a device knows of the sequence in a slot. */
final class FakeSlot {
  final int index;
  SlotSetup setup;
  long owner;
  long lastStep;
  private int[] table = new int[8];
  int tableSize;

  /** Rows committed, and the state after them. */
  int computed;

  long state = FakeTokens.START;
  int lastToken;
  int output;
  boolean ended;
  int[] drafts = {};

  FakeSlot(int index, SlotSetup setup, long owner) {
    this.index = index;
    this.setup = setup;
    this.owner = owner;
    this.output = setup.tokens().length - setup.promptLength();
  }

  SlotSampling sampling() {
    return setup.sampling();
  }

  boolean isPrefilled() {
    return computed >= setup.tokens().length;
  }

  void map(int position, int page) {
    if (position != tableSize) {
      throw FakeRules.broken(
          "slot %d maps index %d after %d entries".formatted(index, position, tableSize));
    }
    if (tableSize == table.length) {
      table = Arrays.copyOf(table, tableSize * 2);
    }
    table[tableSize++] = page;
  }

  int page(int position) {
    return table[position];
  }
}
