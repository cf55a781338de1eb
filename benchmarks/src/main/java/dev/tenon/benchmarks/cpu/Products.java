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
 * multiply-adds. Limit and product are measured in turns, because other tenants come and go.
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
    long[] sizes = {CACHED_ROWS, memory.byteSize() / COLUMNS / type.bytes()};
    for (long outputs : sizes) {
      HostMatrix weight = matrix(arena, memory, type, (int) outputs);
      long bytes = outputs * COLUMNS * type.bytes();
      boolean cached = outputs == CACHED_ROWS;
      int repeats = cached ? 16 : 1;
      int repetitions = cached ? 40 : 4;
      for (int n : new int[] {1, 2, 4, 8}) {
        Rounds rounds = new Rounds(bytes * 1e-9);
        try (ProductRun run = new ProductRun(threads, weight, n, repeats)) {
          run.warmUp();
          for (int i = 0; i < Rounds.COUNT; i++) {
            double streaming = limits.streaming(memory, bytes, repeats, repetitions);
            rounds.add(run.time(repetitions), streaming * 1e-9);
          }
        }
        print(type, outputs, n, rounds, "GB/s", "streaming read");
      }
    }
    HostMatrix weight = matrix(arena, memory, type, (int) CACHED_ROWS);
    for (int n : new int[] {64, 512}) {
      Rounds rounds = new Rounds(2e-9 * n * COLUMNS * CACHED_ROWS);
      try (ProductRun run = new ProductRun(threads, weight, n, 1)) {
        run.warmUp();
        for (int i = 0; i < Rounds.COUNT; i++) {
          double peak = limits.multiplyAdds(5);
          rounds.add(run.time(20), peak * 1e-9);
        }
      }
      print(type, CACHED_ROWS, n, rounds, "GFLOP/s", "multiply-add peak");
    }
  }

  private static void print(
      ElementType type, long outputs, int rows, Rounds rounds, String unit, String limit) {
    System.out.printf(
        Locale.ROOT,
        "%-8s %6d x %d, %3d rows: %s; %s%n",
        type,
        outputs,
        COLUMNS,
        rows,
        rounds.describe(unit),
        rounds.describeLimit(limit));
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
