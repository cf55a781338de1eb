package dev.tenon.backend.cuda.core.step;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A device whose memory is the host's and that does at once what is enqueued. */
public final class FakeDevice implements Device {
  private final Arena arena = Arena.ofAuto();
  private final List<MemorySegment> pinned = new ArrayList<>();
  private final List<int[]> setups = new ArrayList<>();
  private long allocated;

  @Override
  public long allocate(long bytes) {
    allocated += bytes;
    return arena.allocate(Math.max(1, bytes), 256).address();
  }

  @Override
  public long allocatePinned(long bytes) {
    MemorySegment block = arena.allocate(bytes, 256);
    pinned.add(block);
    return block.address();
  }

  @Override
  public void fill(long address, byte value, long bytes) {
    at(address, bytes).fill(value);
  }

  @Override
  public void copyToDevice(long to, long from, long bytes) {
    at(to, bytes).copyFrom(at(from, bytes));
  }

  @Override
  public void copyToHost(long to, long from, long bytes) {
    at(to, bytes).copyFrom(at(from, bytes));
  }

  /** Keeps what the operation would read: how many setups there are and their first words. */
  @Override
  public void setUp(long[] words) {
    int count = (int) words[words.length - 2];
    int ints = count * SlotLayout.SETUP_BYTES / Integer.BYTES;
    setups.add(at(words[words.length - 1], (long) ints * Integer.BYTES).toArray(INT));
  }

  /** Heads of the setups of each launch. */
  List<int[]> setups() {
    return setups;
  }

  /** Bytes on the device. */
  long allocated() {
    return allocated;
  }

  /** Blocks of pinned memory. */
  int pinnedBlocks() {
    return pinned.size();
  }

  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  static MemorySegment at(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  static int[] ints(long address, int count) {
    return at(address, (long) count * Integer.BYTES).toArray(INT);
  }

  static void put(long address, int... values) {
    MemorySegment.copy(
        values, 0, at(address, (long) values.length * Integer.BYTES), INT, 0, values.length);
  }
}
