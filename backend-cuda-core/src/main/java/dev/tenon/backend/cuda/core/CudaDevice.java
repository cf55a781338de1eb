package dev.tenon.backend.cuda.core;

/**
 * An open card with its kernels: what operations are enqueued on. One thread at a time.
 *
 * @param context of the driver
 * @param stream that everything runs on, in order
 * @param kernels handle of the kernel library
 */
record CudaDevice(long context, long stream, long kernels) {
  /** Enqueues an operation. */
  void launch(Words words) {
    NativeCuda.launch(context, kernels, words.operation().ordinal(), stream, words.complete());
  }

  /** Enqueues an operation with words that were laid out elsewhere. */
  void launch(Operation operation, long[] words) {
    NativeCuda.launch(context, kernels, operation.ordinal(), stream, words);
  }

  /** Bytes of work space that an operation needs. */
  long workspace(Words words) {
    return NativeCuda.workspace(kernels, words.operation().ordinal(), words.complete());
  }

  /** Values of an operation's last word that can be tried with these parameters. */
  long[] candidates(Words words) {
    return NativeCuda.candidates(kernels, words.operation().ordinal(), words.complete());
  }

  /** Waits until everything enqueued so far is done. */
  void synchronize() {
    NativeCuda.synchronize(context, stream);
  }
}
