package dev.tenon.benchmarks.cpu;

import dev.tenon.backend.cpu.CpuBackendProvider;
import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

/**
 * Products x · Wᵀ, run and timed through the backend's interface: W is a head. A step repeats the
 * product, so that workers find the next one as they do in a model's step, where products follow
 * each other at once.
 */
final class ProductRun implements AutoCloseable {
  private static final int IDS = 4;

  /** Until then the compiler has long had its say. */
  private static final long WARM_UP_NANOSECONDS = 3_000_000_000L;

  private final Backend backend;
  private final CapturedStep step;
  private final int rows;
  private final int repeats;
  private long nanoseconds;

  /**
   * @param repeats products of a step
   */
  ProductRun(int threads, HostMatrix weight, int rows, int repeats) {
    this.rows = rows;
    this.repeats = repeats;
    Clock clock = new Clock(threads);
    BackendOptions options = new BackendOptions(1, 0, "", threads, 0.9, Map.of());
    backend = new CpuBackendProvider().open(options).getFirst();
    int hidden = weight.columns();
    MemorySegment table = Arena.ofAuto().allocate(4L * IDS * hidden, 64);
    for (long i = 0; i < (long) IDS * hidden; i++) {
      table.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i * 31 % 17 - 8) / 8f);
    }
    HostMatrix ids = new HostMatrix("ids", ElementType.F32, table, IDS, hidden, 4L * hidden, null);
    Packed.Embedding embedding = backend.weights().embedding(ids, 0, IDS);
    Packed.Head head = backend.weights().head(weight, 0, weight.rows());
    float[] ones = new float[hidden];
    Arrays.fill(ones, 1f);
    Packed.Norm norm = backend.weights().norm(new NormWeights(ones, 1e-6f));
    StateLimits limits = new StateLimits(rows + 1, 0, weight.rows());
    AtomicReference<Logits> logits = new AtomicReference<>();
    Ops ops = backend.ops();
    step =
        backend.capture(
            new StepShape(rows, 1, rows, 0),
            backend.allocate(new StatePlan(List.of(), 16, 1, 1, limits)),
            running -> {
              Residual residual = ops.linear().embed(running.targetRows(), embedding);
              Activations all = ops.norms().finish(running.targetRows(), residual, norm);
              Activations selected = ops.linear().select(running.targetRows(), all);
              long start = clock.nanoseconds();
              for (int i = 0; i < repeats; i++) {
                logits.set(ops.linear().logits(running.targetRows(), head, selected));
              }
              nanoseconds = clock.nanoseconds() - start;
            },
            running -> {});
  }

  /** Runs until the code is compiled. */
  void warmUp() throws InterruptedException {
    long end = System.nanoTime() + WARM_UP_NANOSECONDS;
    do {
      once();
    } while (System.nanoTime() < end);
  }

  /** Sorted seconds of one product, over repetitions. */
  double[] time(int repetitions) throws InterruptedException {
    double[] times = new double[repetitions];
    for (int i = 0; i < repetitions; i++) {
      once();
      times[i] = nanoseconds * 1e-9 / repeats;
    }
    Arrays.sort(times);
    return times;
  }

  private void once() throws InterruptedException {
    step.launchForward(batch());
    step.launchSample(null).await();
  }

  private StepBatch batch() {
    SlotSampling sampling =
        new SlotSampling(
            0,
            1,
            0,
            0,
            1,
            0,
            0,
            1,
            new int[0],
            new float[0],
            null,
            new int[0][],
            IDS,
            0,
            1,
            new int[0],
            -1,
            -1);
    int[] tokens = IntStream.range(0, rows).map(i -> i % IDS).toArray();
    return new StepBatch(
        0,
        List.of(new SlotSetup(0, sampling, tokens, rows)),
        new int[] {0, 0, 0},
        new int[] {0},
        new byte[] {StepBatch.PREFILL_LAST},
        new int[] {0},
        new int[] {0, rows},
        tokens,
        new int[] {-1},
        new int[] {0},
        IntStream.range(0, rows).toArray(),
        new int[0]);
  }

  @Override
  public void close() {
    backend.close();
  }
}
