package dev.tenon.engine.runtime.state;

import java.util.Arrays;

/** New page-table entries of a step: triples (slot, index, page). Reused from step to step. */
final class PageEntries {
  private int[] triples = new int[3 * 256];
  private int length;

  void clear() {
    length = 0;
  }

  void add(int slot, int index, int page) {
    if (length == triples.length) {
      triples = Arrays.copyOf(triples, length * 2);
    }
    triples[length++] = slot;
    triples[length++] = index;
    triples[length++] = page;
  }

  int[] toArray() {
    return Arrays.copyOf(triples, length);
  }
}
