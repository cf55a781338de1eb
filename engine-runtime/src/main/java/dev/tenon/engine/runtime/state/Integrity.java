package dev.tenon.engine.runtime.state;

import java.util.BitSet;

/** Checks that each thing of a pool is in one place. */
final class Integrity {
  private Integrity() {}

  static void markOnce(BitSet seen, int index, String what) {
    if (seen.get(index)) {
      throw new IllegalStateException(what + " " + index + " is in two places");
    }
    seen.set(index);
  }

  static void requireAll(BitSet seen, int total, String what) {
    if (seen.cardinality() != total) {
      throw new IllegalStateException(
          "%s %d of %d is lost".formatted(what, seen.nextClearBit(0), total));
    }
  }
}
