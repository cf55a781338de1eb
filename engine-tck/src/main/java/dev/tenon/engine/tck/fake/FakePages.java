package dev.tenon.engine.tck.fake;

import dev.tenon.spi.backend.StatePlan;

/** Pages that hold the tokens written at their positions, and who may use them. */
final class FakePages {
  private final int pageSize;
  private final int[][] tokens;
  private final long[] owners;

  FakePages(StatePlan plan) {
    pageSize = plan.pageSize();
    tokens = new int[plan.pages()][pageSize];
    owners = new long[plan.pages()];
  }

  long owner(int page) {
    if (page < 0 || page >= owners.length) {
      throw FakeRules.broken("page " + page + " of " + owners.length);
    }
    return owners[page];
  }

  void handOver(FakeSlot slot, int index, int page) {
    slot.map(index, page);
    owners[page] = slot.owner;
  }

  /** Checks that positions before {@code end} have pages that are still the slot's. */
  void requireCovered(FakeSlot slot, int end) {
    int needed = Math.ceilDiv(end, pageSize);
    if (slot.tableSize < needed) {
      throw FakeRules.broken(
          "slot %d has %d pages, positions up to %d need %d"
              .formatted(slot.index, slot.tableSize, end - 1, needed));
    }
    if (needed > 0) {
      check(slot, needed - 1);
    }
  }

  void write(FakeSlot slot, int position, int token) {
    int index = position / pageSize;
    check(slot, index);
    tokens[slot.page(index)][position % pageSize] = token;
  }

  /** The state that the tokens at positions before {@code end} lead to. */
  long replay(FakeSlot slot, int end) {
    long state = FakeTokens.START;
    for (int position = 0; position < end; position++) {
      int index = position / pageSize;
      if (position % pageSize == 0) {
        check(slot, index);
      }
      state = FakeTokens.fold(state, tokens[slot.page(index)][position % pageSize]);
    }
    return state;
  }

  private void check(FakeSlot slot, int index) {
    int page = slot.page(index);
    if (owners[page] != slot.owner) {
      throw FakeRules.broken(
          "slot %d uses page %d, which was given to another sequence".formatted(slot.index, page));
    }
  }
}
