package dev.tenon.backend.cuda.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * Times mixtures on the card as steps run them: recorded one after another, each with other rows
 * and, in turn, other weights. One thread.
 */
final class MoeRuns implements AutoCloseable {
  /** Sets of rows that are taken in turn. */
  private static final int INPUTS = 8;

  /** Rows with a deviation near 1, as a norm leaves them. */
  private static final double BOUND = Math.sqrt(3);

  private final CudaDevice device;
  private final List<CudaPacked.Moe> blocks;
  private final DeviceMemory memory;
  private final long quantised;
  private final long inputs;
  private final long output;
  private final long counts;
  private final long hostCounts;
  private final long begin;
  private final long end;

  /**
   * @param quantised 1 if rows may be quantised, else 0
   */
  MoeRuns(CudaDevice device, List<CudaPacked.Moe> blocks, int mostRows, long quantised) {
    this.device = device;
    this.quantised = quantised;
    this.blocks = blocks;
    this.memory = new DeviceMemory(device.context());
    int hidden = blocks.getFirst().router().inputs();
    long elements = (long) INPUTS * mostRows * hidden;
    inputs = memory.allocate(elements * DeviceType.BF16.bytes);
    output = memory.allocate((long) mostRows * hidden * DeviceType.BF16.bytes);
    counts = memory.allocate(Integer.BYTES);
    hostCounts = memory.allocatePinned(Integer.BYTES);
    device.launch(
        new Words(Operation.FILL)
            .with(inputs, DeviceType.BF16.code, elements, 1)
            .withReal(-BOUND)
            .withReal(BOUND));
    begin = NativeCuda.createEvent(device.context(), true);
    end = NativeCuda.createEvent(device.context(), true);
  }

  /** Prepares for a number of rows. */
  AtRows at(int rows) {
    return new AtRows(rows);
  }

  /** Runs of one number of rows. */
  final class AtRows implements AutoCloseable {
    private final int rows;
    private final long[] candidates;
    private final DeviceMemory work = new DeviceMemory(device.context());
    private final long space;
    private final long spaceBytes;

    private AtRows(int rows) {
      this.rows = rows;
      candidates = device.candidates(words(blocks.getFirst(), 0, 0, 0, 0));
      long most = workspace(0);
      for (long word : candidates) {
        most = Math.max(most, workspace(word));
      }
      spaceBytes = most;
      space = work.allocate(most);
      MemorySegment.ofAddress(hostCounts)
          .reinterpret(Integer.BYTES)
          .set(ValueLayout.JAVA_INT, 0, rows);
      NativeCuda.copyToDevice(device.context(), device.stream(), counts, hostCounts, Integer.BYTES);
      device.synchronize();
    }

    /** Words of parameters that the kernels can run with. */
    long[] candidates() {
      return candidates.clone();
    }

    /**
     * Median microseconds of a mixture; where the first run already takes longer than is of
     * interest, that run's.
     */
    double micros(long word, int runs, double hopeless) {
      int launches = rows <= 64 ? 16 : rows <= 512 ? 8 : 4;
      long graph = recorded(word, launches);
      try {
        double[] times = new double[runs];
        double first = 1000 * timed(graph) / launches;
        if (first > hopeless) {
          return first;
        }
        for (int i = 0; i < runs; i++) {
          times[i] = timed(graph);
        }
        Arrays.sort(times);
        return 1000 * times[runs / 2] / launches;
      } finally {
        NativeCuda.destroyGraph(device.context(), graph);
      }
    }

    private double timed(long graph) {
      NativeCuda.recordEvent(device.context(), begin, device.stream());
      NativeCuda.launchGraph(device.context(), graph, device.stream());
      NativeCuda.recordEvent(device.context(), end, device.stream());
      NativeCuda.synchronizeEvent(device.context(), end);
      return NativeCuda.elapsedMillis(device.context(), begin, end);
    }

    private long recorded(long word, int launches) {
      long rowBytes = (long) blocks.getFirst().router().inputs() * DeviceType.BF16.bytes;
      NativeCuda.beginCapture(device.context(), device.stream());
      try {
        for (int i = 0; i < launches; i++) {
          long x = inputs + i % INPUTS * rows * rowBytes;
          device.launch(words(blocks.get(i % blocks.size()), x, space, spaceBytes, word));
        }
        return NativeCuda.endCapture(device.context(), device.stream());
      } catch (RuntimeException e) {
        NativeCuda.abandonCapture(device.context(), device.stream());
        throw e;
      }
    }

    private long workspace(long word) {
      return device.workspace(words(blocks.getFirst(), 0, 0, 0, word));
    }

    private Words words(CudaPacked.Moe block, long x, long work, long workBytes, long word) {
      Words words = new Words(Operation.MOE);
      CudaMoeOps.addParameters(words, block, rows, counts, x, output);
      return words.with(work, workBytes, 0, quantised, word, 0);
    }

    @Override
    public void close() {
      work.close();
    }
  }

  @Override
  public void close() {
    device.synchronize();
    NativeCuda.destroyEvent(device.context(), begin);
    NativeCuda.destroyEvent(device.context(), end);
    memory.close();
  }
}
