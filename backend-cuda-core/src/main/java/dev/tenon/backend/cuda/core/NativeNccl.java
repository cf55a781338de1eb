package dev.tenon.backend.cuda.core;

/**
 * NCCL, through JNI, under the conventions of {@link NativeCuda}. The collectives are enqueued on a
 * stream and may be recorded; every rank enqueues the same in the same order.
 */
final class NativeNccl {
  private NativeNccl() {}

  /**
   * Loads the library, once per process.
   *
   * @param path of it, or its name for the dynamic linker
   * @param settings names and values, in turn, of NCCL's own environment variables, for those that
   *     the process's environment does not have
   * @return its version, e.g. 22809 for 2.28.9
   */
  static native int open(String path, String[] settings);

  /** Names a new group; made by one rank, which the others must then be able to reach. */
  static native byte[] uniqueId();

  /** Joins a group; returns when all ranks have. */
  static native long join(long context, byte[] id, int ranks, int rank);

  /** Sums bf16 elements over ranks, in place. */
  static native void sum(long context, long group, long stream, long address, long elements);

  /** Writes the ranks' bytes one after another. */
  static native void gather(
      long context, long group, long stream, long from, long to, long bytesEach);

  /** Copies one rank's bytes to all, in place. */
  static native void broadcast(
      long context, long group, long stream, long address, long bytes, int root);

  /** Throws {@code DEVICE_FAULT} if NCCL noticed a failure since; from any thread. */
  static native void requireHealthy(long group);

  /**
   * Leaves the group, whatever the other ranks do: work that waits for them ends. Returns when
   * recordings that hold collectives of the group are destroyed.
   */
  static native void abort(long context, long group);
}
