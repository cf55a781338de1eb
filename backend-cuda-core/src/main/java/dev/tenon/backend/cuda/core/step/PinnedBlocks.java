package dev.tenon.backend.cuda.core.step;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Pinned memory for the steps in flight, reused once a step was read. Blocks have the size of a
 * power of two and live as long as the device.
 */
final class PinnedBlocks {
  private static final long SMALLEST = 1 << 12;

  private final Device device;
  private final Map<Long, Deque<MemorySegment>> free = new HashMap<>();

  PinnedBlocks(Device device) {
    this.device = device;
  }

  /** A block of at least so many bytes. */
  synchronized MemorySegment take(long bytes) {
    long size = Math.max(SMALLEST, Long.highestOneBit(Math.max(1, bytes - 1)) << 1);
    MemorySegment block = free.computeIfAbsent(size, any -> new ArrayDeque<>()).poll();
    return block != null
        ? block
        : MemorySegment.ofAddress(device.allocatePinned(size)).reinterpret(size);
  }

  /** Gives a block back; no copy may be using it. */
  synchronized void give(MemorySegment block) {
    free.computeIfAbsent(block.byteSize(), any -> new ArrayDeque<>()).push(block);
  }
}
