package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.backend.cuda.core.step.StepState;
import dev.tenon.backend.cuda.core.tuning.TunedMoeSearch;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.DryRun;
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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One rank's card. */
final class CudaBackend implements Backend {
  private static final Logger LOG = LoggerFactory.getLogger(CudaBackend.class);

  /** Rows at which the products are bound by arithmetic on every generation. */
  private static final int PREFERRED_ROWS = 8192;

  private static final int PREFERRED_SEQUENCES = 256;

  /** Tokens of a page, unless the user says otherwise. */
  static final int PAGE_SIZE = 16;

  private static final Duration IDLE_PATIENCE = Duration.ofSeconds(3);

  private final Card card;
  private final CudaDevice device;
  private final CudaOptions options;
  private final double memoryUtilization;
  private final int ranksOnCard;
  private final @Nullable NcclGroup group;
  private final DeviceMemory memory;
  private final TunedMoeSearch tunings;
  private final CudaWeights weights;
  private final CudaCollectives collectives;
  private final StepContext context;
  private final StepSpace space;
  private final CudaOps ops;
  private final List<CudaCapturedStep> steps = new ArrayList<>();
  private final EventPool events;
  private @Nullable CudaStates states;
  private @Nullable StepState stepState;
  private boolean closed;

  private CudaBackend(
      Card card,
      CudaDevice device,
      @Nullable NcclGroup group,
      BackendOptions given,
      CudaOptions options,
      TunedMoeSearch tunings) {
    this.card = card;
    this.device = device;
    this.group = group;
    this.options = options;
    this.memoryUtilization = given.memoryUtilization();
    this.ranksOnCard =
        switch (options.sharing()) {
          case CARD_EACH -> 1;
          case ONE_CARD -> given.ranks();
        };
    this.memory = new DeviceMemory(device.context());
    this.tunings = tunings;
    this.weights = new CudaWeights(device, tunings);
    this.context = new StepContext(device, options.quantised());
    this.collectives = new CudaCollectives(context, group);
    this.space = new StepSpace(memory);
    this.events = new EventPool(device.context());
    this.ops = CudaOps.of(context, collectives, () -> Objects.requireNonNull(stepState));
  }

  /**
   * Opens a card, and joins the other ranks' group.
   *
   * @param kernels the library of kernels for its generation
   * @param tunings where tuned parameters are looked for
   */
  static CudaBackend open(
      Card card, Path kernels, BackendOptions options, CudaOptions own, TunedMoeSearch tunings) {
    if (options.ranks() > 1) {
      NcclGroup.load(NcclLibrary.onThisMachine(), own, options.rank(), own.sharing());
    }
    long context = NativeCuda.openContext(card.index());
    try {
      int[] words =
          Arrays.stream(Operation.values()).mapToInt(operation -> operation.words).toArray();
      long library = NativeCuda.loadKernels(kernels.toString(), words);
      long stream = NativeCuda.createStream(context);
      CudaDevice device = new CudaDevice(context, stream, library);
      return new CudaBackend(card, device, group(device, options, own), options, own, tunings);
    } catch (RuntimeException | Error e) {
      NativeCuda.closeContext(context);
      throw e;
    }
  }

  private static @Nullable NcclGroup group(
      CudaDevice device, BackendOptions options, CudaOptions own) {
    if (options.ranks() == 1) {
      return null;
    }
    Rendezvous rendezvous =
        new Rendezvous(Path.of(options.rendezvous()), options.ranks(), options.rank());
    NcclGroup group = NcclGroup.join(device, rendezvous, options.ranks(), options.rank());
    try {
      switch (own.reduction()) {
        case AUTO -> group.sumThroughPeersIfPossible();
        case PEERS -> group.sumThroughPeers();
        case NCCL -> {}
      }
      return group;
    } catch (RuntimeException | Error e) {
      group.close();
      throw e;
    }
  }

  @Override
  public String description() {
    return "%s, %d multiprocessors, kernels for %s, recurrent states in %s, keys and values in %s, activations in %s, %s"
        .formatted(
            card.description(),
            card.multiprocessors(),
            NativeCuda.kernelTarget(device.kernels()),
            options.stateType().label(),
            options.keyValueType().label(),
            options.activationType().label(),
            switch (options.execution()) {
              case CAPTURED -> "steps recorded as graphs";
              case EAGER -> "steps issued operation by operation";
              case TIMED -> "operations timed one by one";
              case CHECKED -> "operations checked one by one";
            });
  }

  @Override
  public BackendCapabilities capabilities() {
    return new BackendCapabilities(
        EnumSet.allOf(ElementType.class), PREFERRED_ROWS, PREFERRED_SEQUENCES, PAGE_SIZE);
  }

  @Override
  public long availableMemory() {
    long[] freeAndTotal = NativeCuda.memoryInfo(checked(device).context());
    long left = freeAndTotal[0] - (long) (freeAndTotal[1] * (1 - memoryUtilization));
    // what weights took already is theirs, and the plan counts it again
    return Math.max(0, left / ranksOnCard + weights.packedBytes());
  }

  /** Bytes of pools and of what steps share; weights have a memory of their own. */
  long allocatedBytes() {
    return memory.bytes();
  }

  @Override
  public Weights weights() {
    return checked(weights);
  }

  @Override
  public long bytesPerPage(List<StateSpec> wanted, int pageSize) {
    return CudaStates.bytesPerPage(wanted, pageSize, options.keyValueType())
        + StepState.bytesPerPage();
  }

  @Override
  public long bytesPerSlot(List<StateSpec> wanted, StateLimits limits) {
    return CudaStates.bytesPerSlot(wanted, limits, options.stateType())
        + StepState.bytesPerSlot(limits, PAGE_SIZE);
  }

  @Override
  public Optional<DryRun> dryRun() {
    return Optional.of(new CudaDryRun(this, checked(device), options, tunings, group));
  }

  @Override
  public StateView allocate(StatePlan plan) {
    checked(weights).finish();
    if (states != null) {
      throw new IllegalStateException("the pools were allocated before");
    }
    CudaStates made = new CudaStates(plan, options, memory);
    states = made;
    return made;
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
    return Optional.of(new MoeTuner(checked(device), weights, tunings, options.quantised()));
  }

  @Override
  public List<StepShape> shapes(StepShape limits) {
    return StepShapes.within(limits);
  }

  @Override
  public CapturedStep capture(StepShape shape, StateView view, StepBody forward, StepBody sample) {
    checked(device);
    if (stepState == null) {
      // the first shape bounds all others
      stepState = new StepState(new StepDevice(device, memory), pools().plan(), shape);
    }
    CudaCapturedStep step =
        CudaCapturedStep.of(
            context,
            space,
            stepState,
            events,
            group,
            view,
            shape,
            options.execution(),
            new StepBodies(forward, sample));
    steps.add(step);
    return step;
  }

  private CudaStates pools() {
    CudaStates known = states;
    if (known == null) {
      throw new IllegalStateException("the pools were not allocated");
    }
    return known;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    Rest rest = rest();
    if (group != null && rest != Rest.COME) {
      group.abandon();
    }
    if (group == null && rest == Rest.NOT_COME) {
      // every call would wait for it
      LOG.error(
          "{} is still at work; what it holds is given back when this process ends", card.name());
      return;
    }
    // recordings go before what they hold of the group
    List<Runnable> parts = new ArrayList<>();
    steps.forEach(step -> parts.add(step::close));
    if (group != null) {
      parts.add(group::close);
    }
    parts.add(events::close);
    parts.add(weights::close);
    parts.add(memory::close);
    parts.add(() -> NativeCuda.destroyStream(device.context(), device.stream()));
    parts.add(() -> NativeCuda.closeContext(device.context()));
    for (Runnable part : parts) {
      try {
        part.run();
      } catch (TenonException fault) {
        // after a fault of the device every call tells of it; the rest is tried all the same
        LOG.debug("closing the backend of {}", card.name(), fault);
      }
    }
  }

  /** Whether the device is done. */
  private enum Rest {
    COME,
    /** It hangs, or waits for ranks that are gone. */
    NOT_COME,
    /** Every call tells of a fault. */
    FAULTY
  }

  private Rest rest() {
    long event = 0;
    try {
      event = events.take();
      NativeCuda.recordEvent(device.context(), event, device.stream());
      long end = System.nanoTime() + IDLE_PATIENCE.toNanos();
      while (!NativeCuda.queryEvent(device.context(), event)) {
        if (System.nanoTime() > end) {
          return Rest.NOT_COME;
        }
        LockSupport.parkNanos(1_000_000);
      }
      return Rest.COME;
    } catch (TenonException fault) {
      return Rest.FAULTY;
    } finally {
      if (event != 0) {
        events.give(event);
      }
    }
  }

  private <T> T checked(T value) {
    if (closed) {
      throw new TenonException(ErrorCode.CLOSED, "the backend of " + card.name() + " was closed");
    }
    return value;
  }
}
