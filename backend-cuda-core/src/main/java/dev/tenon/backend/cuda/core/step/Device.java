package dev.tenon.backend.cuda.core.step;

/**
 * The card, as far as steps need it by themselves. Everything is enqueued on the one stream that
 * steps run on, outside of recordings.
 */
public interface Device {
  /**
   * Allocates on the device; the address is aligned to 256 bytes.
   *
   * @throws dev.tenon.api.TenonException {@code OUT_OF_MEMORY}
   */
  long allocate(long bytes);

  /** Allocates host memory that copies to and from the device run from without staging. */
  long allocatePinned(long bytes);

  /** Enqueues a fill of device memory. */
  void fill(long address, byte value, long bytes);

  /** Enqueues a copy from pinned memory. */
  void copyToDevice(long to, long from, long bytes);

  /** Enqueues a copy to pinned memory. */
  void copyToHost(long to, long from, long bytes);

  /** Enqueues the operation {@code SET_UP}. */
  void setUp(long[] words);
}
