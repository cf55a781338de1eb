package dev.tenon.backend.cuda.core;

/**
 * The driver, the kernel libraries and NCCL, through JNI. Handles and addresses are longs; sizes
 * are bytes; strings are UTF-8. Work is enqueued on streams and errors of the device show at the
 * next call that looks for them. Every failing call throws a {@link dev.tenon.api.TenonException}
 * that names the call and the driver's own name of the error: {@code OUT_OF_MEMORY} where memory
 * ran out, {@code DEVICE_UNAVAILABLE} while libraries and devices are opened, else {@code
 * DEVICE_FAULT}. The calls of one context are made by one thread at a time.
 */
final class NativeCuda {
  private NativeCuda() {}

  /**
   * Loads the driver's library and initialises it, once per process.
   *
   * @param driver path or name of libcuda, or "" for the system's
   * @return its version, e.g. 13000 for CUDA 13.0
   */
  static native int open(String driver);

  static native int deviceCount();

  static native String deviceName(int device);

  /** Major and minor capability, multiprocessors, bytes of memory, bytes of L2, in this order. */
  static native long[] deviceAttributes(int device);

  /** Retains a device's primary context. */
  static native long openContext(int device);

  static native void closeContext(long context);

  /** Free and total bytes. */
  static native long[] memoryInfo(long context);

  static native long allocate(long context, long bytes);

  static native void free(long context, long address);

  /** A handle by which another process can open memory of {@link #allocate}. */
  static native byte[] shareMemory(long context, long address);

  /**
   * Opens memory of another process, which may be of another card; throws {@code
   * DEVICE_UNAVAILABLE} where the card cannot reach it.
   *
   * @param handle its first bytes are those of the handle
   */
  static native long openShared(long context, byte[] handle);

  static native void closeShared(long context, long address);

  static native long allocatePinned(long context, long bytes);

  static native void freePinned(long context, long address);

  static native long createStream(long context);

  static native void destroyStream(long context, long stream);

  /** Waits for everything enqueued. */
  static native void synchronize(long context, long stream);

  static native void copyToDevice(long context, long stream, long to, long from, long bytes);

  static native void copyToHost(long context, long stream, long to, long from, long bytes);

  static native void copyOnDevice(long context, long stream, long to, long from, long bytes);

  static native void fill(long context, long stream, long address, byte value, long bytes);

  /** Creates an event; only timed ones can be asked for times. */
  static native long createEvent(long context, boolean timed);

  static native void destroyEvent(long context, long event);

  static native void recordEvent(long context, long event, long stream);

  /** Whether the device has passed it. */
  static native boolean queryEvent(long context, long event);

  static native void synchronizeEvent(long context, long event);

  static native float elapsedMillis(long context, long from, long to);

  /** Records what is enqueued from now on instead of running it. */
  static native void beginCapture(long context, long stream);

  /** Ends the recording; the result can be launched. */
  static native long endCapture(long context, long stream);

  /** Ends a recording that failed and drops it; harmless where none runs. */
  static native void abandonCapture(long context, long stream);

  static native long graphNodes(long graph);

  static native void launchGraph(long context, long graph, long stream);

  static native void destroyGraph(long context, long graph);

  /**
   * Opens a kernel library and checks that it was built for this table of operations.
   *
   * @param words parameters of each operation in 64-bit words
   */
  static native long loadKernels(String path, int[] words);

  static native String kernelTarget(long kernels);

  /** Whether the library offers an operation. */
  static native boolean offers(long kernels, int operation);

  /** Bytes of work space that an operation needs with these parameters. */
  static native long workspace(long kernels, int operation, long[] words);

  /** Values of an operation's last word that can be tried with these parameters; none if empty. */
  static native long[] candidates(long kernels, int operation, long[] words);

  static native void launch(long context, long kernels, int operation, long stream, long[] words);
}
