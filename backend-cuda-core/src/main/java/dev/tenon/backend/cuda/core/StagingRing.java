package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Brings host data to the device through pinned buffers taken in turns: while one is copied to the
 * device, the next is filled from the mapped file. Each buffer has a twin on the device, where the
 * data lies until it was packed; the stream keeps both in order.
 */
final class StagingRing implements AutoCloseable {
  /** Bytes of a buffer. */
  static final long BYTES = 32L << 20;

  private static final int BUFFERS = 4;
  private static final long ALIGNMENT = 256;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final CudaDevice device;
  private final DeviceMemory memory;
  private final long[] pinned = new long[BUFFERS];
  private final long[] staged = new long[BUFFERS];
  private final long[] events = new long[BUFFERS];
  private final boolean[] used = new boolean[BUFFERS];
  private int next;

  StagingRing(CudaDevice device) {
    this.device = device;
    this.memory = new DeviceMemory(device.context());
    for (int i = 0; i < BUFFERS; i++) {
      pinned[i] = memory.allocatePinned(BYTES);
      staged[i] = memory.allocate(BYTES);
      events[i] = NativeCuda.createEvent(device.context(), false);
    }
  }

  /** What to do with data that arrived, on the stream. */
  interface Arrival {
    /** Enqueues its use. */
    void at(long address);
  }

  /** The same for a matrix's rows and its scales. */
  interface MatrixArrival {
    /** Enqueues their use. */
    void at(long rows, long scales);
  }

  /** Writes the data into a buffer. */
  private interface Fill {
    void into(MemorySegment buffer);
  }

  /** Rows of a matrix that fit a buffer at once. */
  static int rowsPerBuffer(long rowBytes, int scales) {
    long left = BYTES - ALIGNMENT - (long) scales * Float.BYTES;
    if (left < rowBytes) {
      throw new IllegalArgumentException("a row of " + rowBytes + " bytes exceeds a buffer");
    }
    return (int) (left / rowBytes);
  }

  /**
   * Sends rows {@code from … from + count − 1} of a matrix, contiguous, and its scales; F32 and F16
   * become BF16, rounded to nearest even.
   */
  void rows(HostMatrix matrix, int from, int count, float[] scales, MatrixArrival arrival) {
    int elementBytes = matrix.type() == ElementType.F8_E4M3 ? 1 : Short.BYTES;
    long rowBytes = (long) matrix.columns() * elementBytes;
    long scalesAt = Math.ceilDiv(count * rowBytes, ALIGNMENT) * ALIGNMENT;
    send(
        scalesAt + (long) scales.length * Float.BYTES,
        buffer -> {
          copyRows(matrix, from, count, rowBytes, buffer);
          MemorySegment.copy(scales, 0, buffer, FLOAT, scalesAt, scales.length);
        },
        address -> arrival.at(address, scales.length == 0 ? 0 : address + scalesAt));
  }

  /** Sends f32 values to an address. */
  void floats(float[] values, long address) {
    int perBuffer = (int) (BYTES / Float.BYTES);
    for (int from = 0; from < values.length; from += perBuffer) {
      int first = from;
      int count = Math.min(perBuffer, values.length - from);
      long to = address + (long) from * Float.BYTES;
      send(
          (long) count * Float.BYTES,
          buffer -> MemorySegment.copy(values, first, buffer, FLOAT, 0, count),
          at ->
              NativeCuda.copyOnDevice(
                  device.context(), device.stream(), to, at, (long) count * Float.BYTES));
    }
  }

  private void send(long bytes, Fill fill, Arrival arrival) {
    int i = next;
    next = (next + 1) % BUFFERS;
    if (used[i]) {
      NativeCuda.synchronizeEvent(device.context(), events[i]);
    }
    fill.into(MemorySegment.ofAddress(pinned[i]).reinterpret(bytes));
    NativeCuda.copyToDevice(device.context(), device.stream(), staged[i], pinned[i], bytes);
    arrival.at(staged[i]);
    NativeCuda.recordEvent(device.context(), events[i], device.stream());
    used[i] = true;
  }

  private static void copyRows(
      HostMatrix matrix, int from, int count, long rowBytes, MemorySegment buffer) {
    boolean asItIs = matrix.type() == ElementType.BF16 || matrix.type() == ElementType.F8_E4M3;
    if (asItIs && matrix.rowStride() == rowBytes) {
      MemorySegment.copy(matrix.data(), from * rowBytes, buffer, 0, count * rowBytes);
      return;
    }
    for (int row = 0; row < count; row++) {
      copyRow(matrix, from + row, buffer.asSlice(row * rowBytes, rowBytes));
    }
  }

  private static void copyRow(HostMatrix matrix, int row, MemorySegment target) {
    long at = row * matrix.rowStride();
    switch (matrix.type()) {
      case BF16, F8_E4M3 -> MemorySegment.copy(matrix.data(), at, target, 0, target.byteSize());
      case F32 -> {
        for (int i = 0; i < matrix.columns(); i++) {
          float value = matrix.data().get(FLOAT, at + (long) i * Float.BYTES);
          target.set(SHORT, (long) i * Short.BYTES, Bf16.of(value));
        }
      }
      case F16 -> {
        for (int i = 0; i < matrix.columns(); i++) {
          short half = matrix.data().get(SHORT, at + (long) i * Short.BYTES);
          target.set(SHORT, (long) i * Short.BYTES, Bf16.of(Float.float16ToFloat(half)));
        }
      }
    }
  }

  @Override
  public void close() {
    device.synchronize();
    for (long event : events) {
      NativeCuda.destroyEvent(device.context(), event);
    }
    memory.close();
  }
}
