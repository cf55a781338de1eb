package dev.tenon.benchmarks.cpu;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.Random;

/**
 * Matrix products of the CPU backend beside the machine's limits in the same run: products of few
 * rows as a share of the streaming read rate, products of many rows as a share of the peak of fused
 * multiply-adds. Limits are the best of their repetitions; products show best and median.
 */
public final class Products {
  private static final int COLUMNS = 2048;
  private static final long CACHED_ROWS = 2048;

  private Products() {}

  /** Arguments: threads, megabytes of the large matrix (more than the last cache). */
  public static void main(String[] arguments) throws InterruptedException {
    int threads = Integer.parseInt(arguments[0]);
    long large = Long.parseLong(arguments[1]) << 20;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(large, 64);
      MachineLimits limits = new MachineLimits(threads);
      for (ElementType type : new ElementType[] {ElementType.BF16, ElementType.F8_E4M3}) {
        fill(memory, type);
        measure(arena, memory, type, threads, limits);
      }
    }
  }

  private static void measure(
      Arena arena, MemorySegment memory, ElementType type, int threads, MachineLimits limits)
      throws InterruptedException {
    long[] rows = {CACHED_ROWS, memory.byteSize() / COLUMNS / type.bytes()};
    for (long outputs : rows) {
      HostMatrix weight = matrix(arena, memory, type, (int) outputs);
      long bytes = outputs * COLUMNS * type.bytes();
      int repetitions = outputs == CACHED_ROWS ? 200 : 10;
      for (int n : new int[] {1, 4, 8}) {
        // the limit anew beside each product: other tenants come and go
        double streaming = limits.streaming(memory, bytes, repetitions);
        double[] times = time(threads, weight, n, repetitions);
        print(type, outputs, n, times, bytes * 1e-9, "GB/s", streaming * 1e-9, "streaming read");
      }
    }
    HostMatrix weight = matrix(arena, memory, type, (int) CACHED_ROWS);
    for (int n : new int[] {64, 512}) {
      double peak = limits.multiplyAdds(20);
      double[] times = time(threads, weight, n, 40);
      double work = 2e-9 * n * COLUMNS * CACHED_ROWS;
      print(type, CACHED_ROWS, n, times, work, "GFLOP/s", peak * 1e-9, "multiply-add peak");
    }
  }

  private static double[] time(int threads, HostMatrix weight, int rows, int repetitions)
      throws InterruptedException {
    try (ProductRun run = new ProductRun(threads, weight, rows)) {
      return run.time(repetitions);
    }
  }

  private static void print(
      ElementType type,
      long outputs,
      int rows,
      double[] times,
      double work,
      String unit,
      double limit,
      String limitName) {
    double best = work / times[0];
    double median = work / times[times.length / 2];
    System.out.printf(
        Locale.ROOT,
        "%-8s %6d x %d, %3d rows: best %6.1f, median %6.1f %s; %s %6.1f: %3.0f %%, median %3.0f"
            + " %%%n",
        type,
        outputs,
        COLUMNS,
        rows,
        best,
        median,
        unit,
        limitName,
        limit,
        100 * best / limit,
        100 * median / limit);
  }

  /** Values as weights have them: few subnormal ones, none infinite. */
  private static void fill(MemorySegment memory, ElementType type) {
    Random random = new Random(1);
    long pattern = 1 << 20;
    for (long i = 0; i < pattern; i += type.bytes()) {
      float value = (float) random.nextGaussian() * 0.02f;
      if (type == ElementType.BF16) {
        memory.set(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> 16));
      } else {
        int magnitude = 32 + random.nextInt(90);
        memory.set(ValueLayout.JAVA_BYTE, i, (byte) (magnitude | (random.nextBoolean() ? 128 : 0)));
      }
    }
    for (long at = pattern; at < memory.byteSize(); at += pattern) {
      MemorySegment.copy(memory, 0, memory, at, Math.min(pattern, memory.byteSize() - at));
    }
  }

  private static HostMatrix matrix(Arena arena, MemorySegment memory, ElementType type, int rows) {
    BlockScale scale = null;
    if (type == ElementType.F8_E4M3) {
      int count = Math.ceilDiv(rows, 128) * (COLUMNS / 128);
      MemorySegment scales = arena.allocate(4L * count, 64);
      for (int i = 0; i < count; i++) {
        scales.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1e-3f * (1 + i % 7));
      }
      scale = new BlockScale(ElementType.F32, scales, COLUMNS / 128, 128, 128, 0, 0);
    }
    return new HostMatrix(
        "weight", type, memory, rows, COLUMNS, (long) COLUMNS * type.bytes(), scale);
  }
}
