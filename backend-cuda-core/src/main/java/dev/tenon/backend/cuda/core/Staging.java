package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.HostMatrix;

/** The way of host data to the device. */
interface Staging extends AutoCloseable {
  /** What to do with rows of a matrix that arrived, on the stream. */
  interface MatrixArrival {
    /** Enqueues their use, and that of their scales. */
    void at(long rows, long scales);
  }

  /** Whether data is carried; where it is not, none of it needs to be read. */
  boolean carries();

  /**
   * Sends rows {@code from … from + count − 1} of a matrix, contiguous, and its scales; F32 and F16
   * become BF16, rounded to nearest even. The matrix must stay as it is until {@link #flush}.
   */
  void rows(HostMatrix matrix, int from, int count, float[] scales, MatrixArrival arrival);

  /** Sends f32 values to an address. */
  void floats(float[] values, long target);

  /** Fills device memory with zeros. */
  void zero(long address, long bytes);

  /** Sends what has gathered; returns when the host data was read, not when it was used. */
  void flush();

  @Override
  void close();

  /** Carries nothing. */
  static Staging none() {
    return new Staging() {
      @Override
      public boolean carries() {
        return false;
      }

      @Override
      public void rows(
          HostMatrix matrix, int from, int count, float[] scales, MatrixArrival arrival) {
        // nobody waits for them
      }

      @Override
      public void floats(float[] values, long target) {
        // nobody waits for them
      }

      @Override
      public void zero(long address, long bytes) {
        // there is no memory
      }

      @Override
      public void flush() {
        // nothing gathers
      }

      @Override
      public void close() {
        // nothing is open
      }
    };
  }
}
