package dev.tenon.backend.cuda.core;

import java.util.TreeMap;

/**
 * Addresses of a step's temporary buffers. Operations run in the order of their issue on one
 * stream, so a buffer may be given out again as soon as its last reader was issued. The same
 * sequence of calls gives the same addresses. With base 0 it only measures.
 */
final class WorkMemory {
  private static final long ALIGNMENT = 256;

  private final long base;
  private final long limit;
  private final TreeMap<Long, Long> free = new TreeMap<>();
  private final TreeMap<Long, Long> taken = new TreeMap<>();
  private long peak;

  private WorkMemory(long base, long limit) {
    this.base = base;
    this.limit = limit;
    reset();
  }

  /** Gives out addresses of a memory. */
  static WorkMemory over(long base, long bytes) {
    return new WorkMemory(base, bytes);
  }

  /** Gives out offsets from an address that nothing is ever written to, to learn the peak. */
  static WorkMemory measuring() {
    return new WorkMemory(ALIGNMENT, Long.MAX_VALUE / 2);
  }

  /** Everything is free again. */
  void reset() {
    free.clear();
    taken.clear();
    free.put(0L, limit);
  }

  /** Takes a buffer; the address is aligned to 256 bytes. */
  long take(long bytes) {
    long size = Math.max(ALIGNMENT, Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT);
    for (var hole : free.entrySet()) {
      if (hole.getValue() >= size) {
        long at = hole.getKey();
        long rest = hole.getValue() - size;
        free.remove(at);
        if (rest > 0) {
          free.put(at + size, rest);
        }
        taken.put(at, size);
        peak = Math.max(peak, at + size);
        return base + at;
      }
    }
    throw new IllegalStateException(
        "a step's work space of " + limit + " bytes has no " + size + " left");
  }

  /** Gives a buffer back. */
  void release(long address) {
    long at = address - base;
    Long size = taken.remove(at);
    if (size == null) {
      throw new IllegalStateException("no buffer was taken at " + address);
    }
    var before = free.lowerEntry(at);
    if (before != null && before.getKey() + before.getValue() == at) {
      free.remove(before.getKey());
      at = before.getKey();
      size += before.getValue();
    }
    Long after = free.remove(at + size);
    free.put(at, after == null ? size : size + after);
  }

  /** Most bytes that were taken at once, holes counted. */
  long peak() {
    return peak;
  }
}
