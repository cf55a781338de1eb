package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.StepState;
import dev.tenon.backend.cuda.core.tuning.TunedMoeSearch;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.DryRun;
import dev.tenon.spi.backend.MoeTuning;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepBody;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import dev.tenon.spi.backend.TokenMasks;
import dev.tenon.spi.backend.Weights;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Counts what a card's backend will allocate: the same objects over memories that only count, with
 * operations that are asked for their work space and not launched.
 */
final class CudaDryRun implements DryRun {
  /**
   * What a driver keeps on the device for each operation of a recorded step, rounded up: 7.5 kB on
   * an H200 with driver 580.
   */
  static final long BYTES_PER_RECORDED_OPERATION = 8192;

  private final Backend backend;
  private final CudaOptions options;
  private final CudaWeights weights;
  private final CudaCollectives collectives;
  private final StepContext context;
  private final CudaOps ops;
  private final DeviceMemory pools = DeviceMemory.counting();
  private final DeviceMemory shared = DeviceMemory.counting();
  private @Nullable StatePlan plan;
  private @Nullable StepState stepState;
  private long work;
  private long recorded;

  CudaDryRun(
      Backend backend,
      CudaDevice device,
      CudaOptions options,
      TunedMoeSearch tunings,
      @Nullable NcclGroup group) {
    this.backend = backend;
    this.options = options;
    this.weights = CudaWeights.counting(device, tunings);
    this.context = new StepContext(device, options.quantised());
    this.collectives = new CudaCollectives(context, group);
    this.ops = CudaOps.of(context, collectives, () -> Objects.requireNonNull(stepState));
  }

  @Override
  public Counted counted() {
    return new Counted(
        weights.packedBytes(), work + sharedBytes(), recorded * BYTES_PER_RECORDED_OPERATION);
  }

  /** What steps share, without what belongs to slots and pages. */
  private long sharedBytes() {
    StatePlan known = plan;
    return known == null
        ? 0
        : shared.bytes()
            - known.pages() * StepState.bytesPerPage()
            - known.slots() * StepState.bytesPerSlot(known.limits(), CudaBackend.PAGE_SIZE);
  }

  @Override
  public String description() {
    return "dry run of " + backend.description();
  }

  @Override
  public BackendCapabilities capabilities() {
    return backend.capabilities();
  }

  @Override
  public long availableMemory() {
    return backend.availableMemory();
  }

  @Override
  public Weights weights() {
    return weights;
  }

  @Override
  public long bytesPerPage(List<StateSpec> states, int pageSize) {
    return backend.bytesPerPage(states, pageSize);
  }

  @Override
  public long bytesPerSlot(List<StateSpec> states, StateLimits limits) {
    return backend.bytesPerSlot(states, limits);
  }

  @Override
  public StateView allocate(StatePlan given) {
    plan = given;
    stepState = null;
    shared.close();
    work = 0;
    recorded = 0;
    return new CudaStates(given, options, pools);
  }

  @Override
  public Ops ops() {
    return ops;
  }

  @Override
  public Collectives collectives() {
    return collectives;
  }

  @Override
  public Optional<MoeTuning> moeTuning() {
    return Optional.empty();
  }

  @Override
  public List<StepShape> shapes(StepShape limits) {
    return backend.shapes(limits);
  }

  @Override
  public CapturedStep capture(
      StepShape shape, StateView states, StepBody forward, StepBody sample) {
    StepState state = stepState;
    if (state == null) {
      // the first shape bounds all others
      state = new StepState(new CountingDevice(shared), Objects.requireNonNull(plan), shape);
      stepState = state;
    }
    StepMeasure measure =
        StepMeasure.of(
            context, new CudaStep(context, state, states, shape), new StepBodies(forward, sample));
    work = Math.max(work, measure.workBytes());
    if (options.execution() == CudaOptions.Execution.CAPTURED) {
      recorded += measure.operations();
    }
    return new Unlaunchable(shape);
  }

  @Override
  public void close() {
    weights.close();
    pools.close();
    shared.close();
  }

  /** A step that was only counted. */
  private record Unlaunchable(StepShape shape) implements CapturedStep {
    @Override
    public void launchForward(StepBatch batch) {
      throw new IllegalStateException("a dry run launches nothing");
    }

    @Override
    public StepTicket launchSample(@Nullable TokenMasks masks) {
      throw new IllegalStateException("a dry run launches nothing");
    }

    @Override
    public void close() {
      // nothing was recorded
    }
  }
}
