package dev.tenon.benchmarks.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.concurrent.CyclicBarrier;
import java.util.function.IntConsumer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What this machine can do at most with a number of threads: fused multiply-adds, streaming reads.
 */
final class MachineLimits {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
  private static final int CHAINS = 12;
  private static final int STEPS = 4_000_000;

  private final int threads;
  private final Clock clock;

  /** Keeps the compiler from dropping results. */
  private volatile double sink;

  MachineLimits(int threads) {
    this.threads = threads;
    clock = new Clock(threads);
  }

  /** Greatest rate of multiply-adds in registers, in floating-point operations a second. */
  double multiplyAdds(int repetitions) {
    return 2.0
        * FLOATS.length()
        * CHAINS
        * STEPS
        * threads
        / best(repetitions, thread -> sink += chains(STEPS));
  }

  /**
   * Greatest rate of reading {@code bytes} from the segment's start, in bytes a second.
   *
   * @param passes over the bytes without a pause, of which the rate is the mean
   */
  double streaming(MemorySegment memory, long bytes, int passes, int repetitions) {
    long share = bytes / threads / LONGS.vectorByteSize() / 4 * 4 * LONGS.vectorByteSize();
    return (double) share
        * threads
        * passes
        / best(
            repetitions,
            thread -> {
              MemorySegment mine = memory.asSlice(thread * share, share);
              for (int i = 0; i < passes; i++) {
                sink += read(mine);
              }
            });
  }

  /** Least seconds that all threads together need. */
  private double best(int repetitions, IntConsumer work) {
    CyclicBarrier barrier = new CyclicBarrier(threads);
    long[] starts = new long[threads];
    long[] ends = new long[threads];
    double[] seconds = {Double.MAX_VALUE};
    Thread[] workers = new Thread[threads];
    for (int t = 0; t < threads; t++) {
      int thread = t;
      workers[t] =
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < repetitions; i++) {
                  meet(barrier);
                  starts[thread] = clock.nanoseconds();
                  work.accept(thread);
                  ends[thread] = clock.nanoseconds();
                  meet(barrier);
                  if (thread == 0) {
                    seconds[0] = Math.min(seconds[0], span(starts, ends));
                  }
                }
              });
    }
    for (Thread worker : workers) {
      join(worker);
    }
    return seconds[0];
  }

  private static double span(long[] starts, long[] ends) {
    long first = starts[0];
    long last = ends[0];
    for (int i = 1; i < starts.length; i++) {
      first = Math.min(first, starts[i]);
      last = Math.max(last, ends[i]);
    }
    return (last - first) * 1e-9;
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static float chains(int steps) {
    FloatVector factor = FloatVector.broadcast(FLOATS, 0.999f);
    FloatVector a = FloatVector.broadcast(FLOATS, 0.001f);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    FloatVector e = a;
    FloatVector f = a;
    FloatVector g = a;
    FloatVector h = a;
    FloatVector i = a;
    FloatVector j = a;
    FloatVector k = a;
    FloatVector l = a;
    FloatVector term = a;
    for (int step = 0; step < steps; step++) {
      a = a.fma(factor, term);
      b = b.fma(factor, term);
      c = c.fma(factor, term);
      d = d.fma(factor, term);
      e = e.fma(factor, term);
      f = f.fma(factor, term);
      g = g.fma(factor, term);
      h = h.fma(factor, term);
      i = i.fma(factor, term);
      j = j.fma(factor, term);
      k = k.fma(factor, term);
      l = l.fma(factor, term);
    }
    FloatVector sum = a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).add(k);
    return sum.add(l).reduceLanes(VectorOperators.ADD);
  }

  private static long read(MemorySegment memory) {
    LongVector a = LongVector.zero(LONGS);
    LongVector b = a;
    LongVector c = a;
    LongVector d = a;
    int step = LONGS.vectorByteSize();
    for (long at = 0; at < memory.byteSize(); at += 4L * step) {
      a = a.add(LongVector.fromMemorySegment(LONGS, memory, at, ByteOrder.LITTLE_ENDIAN));
      b = b.add(LongVector.fromMemorySegment(LONGS, memory, at + step, ByteOrder.LITTLE_ENDIAN));
      c =
          c.add(
              LongVector.fromMemorySegment(LONGS, memory, at + 2L * step, ByteOrder.LITTLE_ENDIAN));
      d =
          d.add(
              LongVector.fromMemorySegment(LONGS, memory, at + 3L * step, ByteOrder.LITTLE_ENDIAN));
    }
    return a.add(b).add(c).add(d).reduceLanes(VectorOperators.ADD);
  }
}
