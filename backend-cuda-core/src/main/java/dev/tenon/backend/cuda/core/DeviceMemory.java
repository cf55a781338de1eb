package dev.tenon.backend.cuda.core;

import java.util.ArrayList;
import java.util.List;

/** Allocations on the device and pinned on the host, all freed together. Not thread-safe. */
final class DeviceMemory implements AutoCloseable {
  private final long context;
  private final List<Long> device = new ArrayList<>();
  private final List<Long> pinned = new ArrayList<>();
  private long bytes;

  DeviceMemory(long context) {
    this.context = context;
  }

  /**
   * Allocates on the device; the address is aligned to 256 bytes at least.
   *
   * @throws dev.tenon.api.TenonException {@code OUT_OF_MEMORY}
   */
  long allocate(long size) {
    long address = NativeCuda.allocate(context, Math.max(256, size));
    device.add(address);
    bytes += size;
    return address;
  }

  /** Allocates host memory that the device copies from and to at full speed. */
  long allocatePinned(long size) {
    long address = NativeCuda.allocatePinned(context, Math.max(256, size));
    pinned.add(address);
    return address;
  }

  /** Bytes on the device. */
  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    device.reversed().forEach(address -> NativeCuda.free(context, address));
    pinned.forEach(address -> NativeCuda.freePinned(context, address));
    device.clear();
    pinned.clear();
    bytes = 0;
  }
}
