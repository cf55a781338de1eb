package dev.tenon.engine.runtime.state;

import java.util.BitSet;

/** The pages of the KV pool that nobody has. Owned by the engine's thread. */
final class PagePool {
  private final int[] free;
  private int freeCount;

  PagePool(int pages) {
    free = new int[pages];
    for (int page = pages - 1; page >= 0; page--) {
      free[freeCount++] = page;
    }
  }

  int total() {
    return free.length;
  }

  int free() {
    return freeCount;
  }

  int take() {
    if (freeCount == 0) {
      throw new IllegalStateException("no page is free");
    }
    return free[--freeCount];
  }

  void give(int page) {
    if (freeCount == free.length) {
      throw new IllegalStateException("page " + page + " returns to a full pool");
    }
    free[freeCount++] = page;
  }

  /** Marks the free pages, failing on one that is already marked. */
  void mark(BitSet seen) {
    for (int i = 0; i < freeCount; i++) {
      Integrity.markOnce(seen, free[i], "page");
    }
  }
}
