package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Brings host data to the device through pinned buffers taken in turns. Pieces gather in a buffer
 * until it is full; then all are copied into it at once, on several threads, it is sent as a whole,
 * and the pieces' uses are enqueued. While one buffer is on its way, the next one fills. Each has a
 * twin on the device, where the data lies until it was used; the stream keeps both in order.
 */
final class StagingRing implements Staging {
  /** Bytes of a buffer. */
  static final long BYTES = 32L << 20;

  private static final int BUFFERS = 4;
  private static final long ALIGNMENT = 256;

  /** Bytes that one task copies: small enough to occupy all threads, too large to be overhead. */
  private static final long GRAIN = 1L << 20;

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
  private final List<Fill> fills = new ArrayList<>();
  private final List<Runnable> arrivals = new ArrayList<>();
  private int current;
  private long filled;

  StagingRing(CudaDevice device) {
    this.device = device;
    this.memory = new DeviceMemory(device.context());
    for (int i = 0; i < BUFFERS; i++) {
      pinned[i] = memory.allocatePinned(BYTES);
      staged[i] = memory.allocate(BYTES);
      events[i] = NativeCuda.createEvent(device.context(), false);
    }
  }

  /** Writes a part of the data into a buffer; any thread. */
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

  @Override
  public boolean carries() {
    return true;
  }

  @Override
  public void rows(HostMatrix matrix, int from, int count, float[] scales, MatrixArrival arrival) {
    int elementBytes = matrix.type() == ElementType.F8_E4M3 ? 1 : Short.BYTES;
    long rowBytes = (long) matrix.columns() * elementBytes;
    long scalesAt = aligned(count * rowBytes);
    long at = reserve(scalesAt + (long) scales.length * Float.BYTES);
    int step = (int) Math.max(1, GRAIN / rowBytes);
    for (int done = 0; done < count; done += step) {
      int first = done;
      int rows = Math.min(step, count - done);
      fills.add(buffer ->
          copyRows(
              matrix,
              from + first,
              rows,
              rowBytes,
              buffer.asSlice(at + first * rowBytes, rows * rowBytes)));
    }
    fills.add(buffer -> MemorySegment.copy(scales, 0, buffer, FLOAT, at + scalesAt, scales.length));
    long address = staged[current] + at;
    arrivals.add(() -> arrival.at(address, scales.length == 0 ? 0 : address + scalesAt));
  }

  @Override
  public void floats(float[] values, long target) {
    int perBuffer = (int) (BYTES / Float.BYTES);
    for (int from = 0; from < values.length; from += perBuffer) {
      int first = from;
      int count = Math.min(perBuffer, values.length - from);
      long bytes = (long) count * Float.BYTES;
      long to = target + (long) from * Float.BYTES;
      long at = reserve(bytes);
      fills.add(buffer -> MemorySegment.copy(values, first, buffer, FLOAT, at, count));
      long address = staged[current] + at;
      arrivals.add(
          () -> NativeCuda.copyOnDevice(device.context(), device.stream(), to, address, bytes));
    }
  }

  @Override
  public void zero(long address, long bytes) {
    NativeCuda.fill(device.context(), device.stream(), address, (byte) 0, bytes);
  }

  @Override
  public void flush() {
    if (filled == 0) {
      return;
    }
    int i = current;
    if (used[i]) {
      NativeCuda.synchronizeEvent(device.context(), events[i]);
    }
    MemorySegment buffer = MemorySegment.ofAddress(pinned[i]).reinterpret(BYTES);
    fills.parallelStream().forEach(fill -> fill.into(buffer));
    NativeCuda.copyToDevice(device.context(), device.stream(), staged[i], pinned[i], filled);
    arrivals.forEach(Runnable::run);
    NativeCuda.recordEvent(device.context(), events[i], device.stream());
    used[i] = true;
    fills.clear();
    arrivals.clear();
    filled = 0;
    current = (current + 1) % BUFFERS;
  }

  private long reserve(long bytes) {
    if (filled + bytes > BYTES) {
      flush();
    }
    long at = filled;
    filled = Math.min(BYTES, aligned(at + bytes));
    return at;
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
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
    fills.clear();
    arrivals.clear();
    device.synchronize();
    for (long event : events) {
      NativeCuda.destroyEvent(device.context(), event);
    }
    memory.close();
  }
}
