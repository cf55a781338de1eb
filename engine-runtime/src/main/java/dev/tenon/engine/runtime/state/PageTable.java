package dev.tenon.engine.runtime.state;

import java.util.Arrays;
import java.util.BitSet;

/** The pages of one slot, in the order of the positions they hold. */
final class PageTable {
  private int[] pages = new int[16];
  private int size;

  int size() {
    return size;
  }

  void add(int page) {
    if (size == pages.length) {
      pages = Arrays.copyOf(pages, size * 2);
    }
    pages[size++] = page;
  }

  void releaseTo(PagePool pool) {
    while (size > 0) {
      pool.give(pages[--size]);
    }
  }

  void mark(BitSet seen) {
    for (int i = 0; i < size; i++) {
      Integrity.markOnce(seen, pages[i], "page");
    }
  }
}
