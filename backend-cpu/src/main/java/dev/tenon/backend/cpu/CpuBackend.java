package dev.tenon.backend.cpu;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.MoeTuning;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.StepBody;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.Weights;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;

/**
 * One rank of the CPU backend. Steps run on a thread of its own, in the order of their launches.
 */
final class CpuBackend implements Backend {
  private static final int PREFERRED_ROWS = 512;
  private static final int PREFERRED_SEQUENCES = 16;
  private static final int PAGE_SIZE = 16;

  private final RankGroup group;
  private final WorkerPool workers;
  private final Kernels kernels;
  private final double memoryUtilization;
  private final DeviceThread device;
  private final CpuWeights weights = new CpuWeights();
  private final Buffers buffers = new Buffers();
  private final CpuCollectives collectives;
  private final CpuOps ops;
  private boolean closed;

  CpuBackend(
      int rank, RankGroup group, WorkerPool workers, Kernels kernels, double memoryUtilization) {
    this.group = group;
    this.workers = workers;
    this.kernels = kernels;
    this.memoryUtilization = memoryUtilization;
    this.device = new DeviceThread("tenon-cpu-" + rank);
    this.collectives = new CpuCollectives(rank, group, buffers);
    this.ops = new CpuOps(kernels, collectives, buffers);
  }

  @Override
  public String description() {
    return "CPU, "
        + workers.size()
        + (workers.size() == 1 ? " thread" : " threads")
        + (group.size() == 1 ? "" : " in each of " + group.size() + " ranks")
        + ", "
        + (kernels instanceof ScalarKernels
            ? "scalar definitions"
            : FloatVector.SPECIES_PREFERRED.vectorBitSize() + "-bit vectors")
        + ", activations in f32";
  }

  @Override
  public BackendCapabilities capabilities() {
    return new BackendCapabilities(
        EnumSet.allOf(ElementType.class), PREFERRED_ROWS, PREFERRED_SEQUENCES, PAGE_SIZE);
  }

  @Override
  public long availableMemory() {
    Runtime runtime = Runtime.getRuntime();
    long used = runtime.totalMemory() - runtime.freeMemory();
    return (long) ((runtime.maxMemory() - used) * memoryUtilization) / group.size();
  }

  @Override
  public Weights weights() {
    return checked(weights);
  }

  @Override
  public long bytesPerPage(List<StateSpec> states, int pageSize) {
    long bytes = 0;
    for (StateSpec state : states) {
      if (state instanceof StateSpec.PagedKv kv) {
        bytes += 2L * Float.BYTES * pageSize * kv.kvHeads() * kv.headDim();
      }
    }
    return bytes;
  }

  @Override
  public long bytesPerSlot(List<StateSpec> states, StateLimits limits) {
    long floats = 0;
    for (StateSpec state : states) {
      if (state instanceof StateSpec.Recurrent fixed) {
        floats +=
            (long) fixed.convChannels() * (fixed.convWidth() - 1 + limits.draftTokens())
                + (long) fixed.valueHeads() * fixed.keyDim() * fixed.valueDim()
                + 2L * fixed.valueHeads() * limits.draftTokens();
      }
    }
    return floats * Float.BYTES;
  }

  @Override
  public StateView allocate(StatePlan plan) {
    checked(plan);
    try {
      return new CpuState(plan);
    } catch (OutOfMemoryError | ArithmeticException e) {
      throw new TenonException(
          ErrorCode.OUT_OF_MEMORY,
          "the pools (" + plan.pages() + " pages, " + plan.slots() + " slots) exceed the heap",
          e);
    }
  }

  @Override
  public Ops ops() {
    return checked(ops);
  }

  @Override
  public Collectives collectives() {
    return checked(collectives);
  }

  @Override
  public Optional<MoeTuning> moeTuning() {
    return Optional.empty();
  }

  @Override
  public List<StepShape> shapes(StepShape limits) {
    return List.of(limits);
  }

  @Override
  public CapturedStep capture(
      StepShape shape, StateView states, StepBody forward, StepBody sample) {
    return new CpuCapturedStep(checked(shape), (CpuState) states, forward, sample, device, buffers);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      device.close();
      group.abandon();
      workers.close();
    }
  }

  private <T> T checked(T value) {
    if (closed) {
      throw new TenonException(ErrorCode.CLOSED, "the CPU backend was closed");
    }
    return value;
  }
}
