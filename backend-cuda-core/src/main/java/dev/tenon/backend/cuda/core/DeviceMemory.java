package dev.tenon.backend.cuda.core;

import java.util.ArrayList;
import java.util.List;

/** Allocations on the device and pinned on the host, all freed together. Not thread-safe. */
final class DeviceMemory implements AutoCloseable {
  private static final long ALIGNMENT = 256;

  private final Source source;
  private final List<Long> device = new ArrayList<>();
  private final List<Long> pinned = new ArrayList<>();
  private long bytes;

  /** Where memory comes from. */
  private interface Source {
    long device(long size);

    long pinned(long size);

    void freeDevice(long address);

    void freePinned(long address);
  }

  private DeviceMemory(Source source) {
    this.source = source;
  }

  /** Memory of a card. */
  DeviceMemory(long context) {
    this(
        new Source() {
          @Override
          public long device(long size) {
            return NativeCuda.allocate(context, size);
          }

          @Override
          public long pinned(long size) {
            return NativeCuda.allocatePinned(context, size);
          }

          @Override
          public void freeDevice(long address) {
            NativeCuda.free(context, address);
          }

          @Override
          public void freePinned(long address) {
            NativeCuda.freePinned(context, address);
          }
        });
  }

  /** Gives out addresses of nothing, to count. */
  static DeviceMemory counting() {
    return new DeviceMemory(
        new Source() {
          private long next = ALIGNMENT;

          @Override
          public long device(long size) {
            long address = next;
            next += Math.ceilDiv(size, ALIGNMENT) * ALIGNMENT;
            return address;
          }

          @Override
          public long pinned(long size) {
            return device(size);
          }

          @Override
          public void freeDevice(long address) {
            // it never was
          }

          @Override
          public void freePinned(long address) {
            // it never was
          }
        });
  }

  /**
   * Allocates on the device; the address is aligned to 256 bytes at least.
   *
   * @throws dev.tenon.api.TenonException {@code OUT_OF_MEMORY}
   */
  long allocate(long size) {
    long address = source.device(Math.max(ALIGNMENT, size));
    device.add(address);
    bytes += size;
    return address;
  }

  /** Allocates host memory that the device copies from and to at full speed. */
  long allocatePinned(long size) {
    long address = source.pinned(Math.max(ALIGNMENT, size));
    pinned.add(address);
    return address;
  }

  /** Bytes on the device. */
  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    device.reversed().forEach(source::freeDevice);
    pinned.forEach(source::freePinned);
    device.clear();
    pinned.clear();
    bytes = 0;
  }
}
