package dev.tenon.backend.cuda.core.step;

/**
 * A hash of token sequences from which that of any stretch follows: modulo the prime 2^61 − 1, so
 * that two different stretches collide with a chance of about length / 2^61. Banned words are
 * recognised by it, so that a word costs the same however long it is.
 */
final class RollingHash {
  private static final long PRIME = (1L << 61) - 1;
  private static final long BASE = 1315423911004217L;

  private RollingHash() {}

  /** Hash of a sequence with one more token; that of the empty one is 0. */
  static long extend(long hash, int token) {
    return reduce(multiply(hash, BASE) + token + 1L);
  }

  /** Hash of the first tokens. */
  static long of(int[] tokens, int length) {
    long hash = 0;
    for (int i = 0; i < length; i++) {
      hash = extend(hash, tokens[i]);
    }
    return hash;
  }

  /** What a hash is multiplied by when {@code length} tokens follow. */
  static long power(int length) {
    long power = 1;
    for (int i = 0; i < length; i++) {
      power = multiply(power, BASE);
    }
    return power;
  }

  private static long multiply(long a, long b) {
    long high = Math.multiplyHigh(a, b);
    long low = a * b;
    return reduce((low & PRIME) + (high << 3 | low >>> 61));
  }

  private static long reduce(long value) {
    long folded = (value & PRIME) + (value >>> 61);
    return folded >= PRIME ? folded - PRIME : folded;
  }
}
