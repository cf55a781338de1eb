package dev.tenon.server.javalin;

import java.util.Arrays;

/** A list of token ids that grows. */
final class TokenList {
  private int[] ids = new int[16];
  private int size;

  void add(int[] more) {
    if (size + more.length > ids.length) {
      ids = Arrays.copyOf(ids, Math.max(2 * ids.length, size + more.length));
    }
    System.arraycopy(more, 0, ids, size, more.length);
    size += more.length;
  }

  int[] toArray() {
    return Arrays.copyOf(ids, size);
  }
}
