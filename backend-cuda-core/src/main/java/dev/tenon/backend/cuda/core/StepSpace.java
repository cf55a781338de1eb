package dev.tenon.backend.cuda.core;

import org.jspecify.annotations.Nullable;

/**
 * The memory that steps of all shapes share for their temporary buffers: steps run one after
 * another. It is as large as the first, largest step needs; a later one that needs more gets a new
 * memory, and the old one stays for the recordings that use it.
 */
final class StepSpace {
  private final DeviceMemory memory;
  private long address;
  private long bytes;
  private @Nullable WorkMemory current;

  StepSpace(DeviceMemory memory) {
    this.memory = memory;
  }

  /** An empty work memory of at least so many bytes. */
  WorkMemory of(long needed) {
    WorkMemory known = current;
    if (known == null || needed > bytes) {
      bytes = needed;
      address = memory.allocate(bytes);
      known = WorkMemory.over(address, bytes);
      current = known;
    }
    known.reset();
    return known;
  }
}
