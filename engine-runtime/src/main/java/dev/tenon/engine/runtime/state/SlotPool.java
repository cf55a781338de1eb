package dev.tenon.engine.runtime.state;

import dev.tenon.engine.runtime.scheduler.Sequence;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The slots, their owners and their page tables. Owned by the engine's thread. */
final class SlotPool {
  private final @Nullable Sequence[] owners;
  private final List<PageTable> tables = new ArrayList<>();
  private final int[] free;
  private int freeCount;

  SlotPool(int slots) {
    owners = new Sequence[slots];
    free = new int[slots];
    for (int slot = slots - 1; slot >= 0; slot--) {
      free[freeCount++] = slot;
      tables.add(new PageTable());
    }
  }

  int total() {
    return free.length;
  }

  int free() {
    return freeCount;
  }

  PageTable table(int slot) {
    return tables.get(slot);
  }

  int take(Sequence owner) {
    if (freeCount == 0) {
      throw new IllegalStateException("no slot is free for " + owner);
    }
    int slot = free[--freeCount];
    owners[slot] = owner;
    return slot;
  }

  void give(int slot, PagePool pages) {
    if (owners[slot] == null) {
      throw new IllegalStateException("slot " + slot + " returns twice");
    }
    owners[slot] = null;
    tables.get(slot).releaseTo(pages);
    free[freeCount++] = slot;
  }

  void checkIntegrity(PagePool pages) {
    BitSet slots = new BitSet();
    BitSet seenPages = new BitSet();
    pages.mark(seenPages);
    for (int i = 0; i < freeCount; i++) {
      Integrity.markOnce(slots, free[i], "slot");
      if (tables.get(free[i]).size() != 0) {
        throw new IllegalStateException("slot " + free[i] + " is free and has pages");
      }
    }
    for (int slot = 0; slot < owners.length; slot++) {
      Sequence owner = owners[slot];
      if (owner != null) {
        Integrity.markOnce(slots, slot, "slot");
        tables.get(slot).mark(seenPages);
        if (!owner.hasSlot() || owner.slot() != slot) {
          throw new IllegalStateException(owner + " is not in its slot " + slot);
        }
      }
    }
    Integrity.requireAll(slots, owners.length, "slot");
    Integrity.requireAll(seenPages, pages.total(), "page");
  }
}
