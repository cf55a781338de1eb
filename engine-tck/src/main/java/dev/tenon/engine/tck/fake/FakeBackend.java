package dev.tenon.engine.tck.fake;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.fake.FakeDevice.Drafting;
import dev.tenon.engine.tck.fake.FakeOptions.Answers;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.MoeTuning;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepBody;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import dev.tenon.spi.backend.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A backend that computes nothing: its tokens are {@link FakeTokens}, its memory holds token ids,
 * and it fails on every batch that breaks the step protocol. {@link #release} and the counters may
 * be used from any thread.
 */
public final class FakeBackend implements Backend {
  private final FakeOptions options;
  private @Nullable MoeTuning tuning;
  private final FakeOps ops = new FakeOps();
  private final List<FakeTicket> held = new ArrayList<>();
  private @Nullable FakeDevice device;
  private @Nullable StepOutput pending;
  private @Nullable Thread launcher;
  private volatile int launched;
  private volatile long faultyStep = Long.MAX_VALUE;
  private volatile boolean closed;

  /** A backend. */
  public FakeBackend(FakeOptions options) {
    this.options = options;
  }

  /** Lets the oldest result that is held back go, if there is one; answers whether there was. */
  public boolean release() {
    synchronized (held) {
      if (held.isEmpty()) {
        return false;
      }
      held.removeFirst().release();
      return true;
    }
  }

  /** Steps launched so far. */
  public int launched() {
    return launched;
  }

  /** The step with this number, and each after it, ends with {@code DEVICE_FAULT}. */
  public void failFrom(long step) {
    faultyStep = step;
  }

  /** Offers a tuning from now on. */
  public void offer(MoeTuning offered) {
    tuning = offered;
  }

  /** Whether it was closed. */
  public boolean isClosed() {
    return closed;
  }

  void launchForward(StepBatch batch, StepShape shape, Drafting drafting) {
    FakeDevice running = requireDevice();
    Thread current = Thread.currentThread();
    FakeRules.require(launcher == null || launcher == current, () -> "launches from two threads");
    FakeRules.require(pending == null, () -> "forward twice without sampling");
    launcher = current;
    pending = running.run(batch, shape, drafting);
  }

  StepTicket launchSample() {
    StepOutput output = pending;
    if (output == null) {
      throw FakeRules.broken("sampling without forward");
    }
    pending = null;
    TenonException fault =
        output.id() < faultyStep
            ? null
            : new TenonException(
                ErrorCode.DEVICE_FAULT, "sample: fault injected in step " + output.id());
    FakeTicket ticket = new FakeTicket(output, requireDevice(), fault);
    if (options.answers() == Answers.AT_ONCE) {
      ticket.release();
    } else {
      synchronized (held) {
        held.add(ticket);
      }
    }
    launched = launched + 1;
    return ticket;
  }

  @Override
  public String description() {
    return "fake backend";
  }

  @Override
  public BackendCapabilities capabilities() {
    return new BackendCapabilities(Set.of(ElementType.values()), 64, 8, 4);
  }

  @Override
  public long availableMemory() {
    return Long.MAX_VALUE / 4;
  }

  @Override
  public Weights weights() {
    throw new UnsupportedOperationException("a fake backend has no weights; use FakeModel");
  }

  @Override
  public long bytesPerPage(List<StateSpec> states, int pageSize) {
    return 4L * pageSize;
  }

  @Override
  public long bytesPerSlot(List<StateSpec> states, StateLimits limits) {
    return 64;
  }

  @Override
  public StateView allocate(StatePlan plan) {
    requireOpen();
    FakeRules.require(device == null, () -> "pools are allocated twice");
    device = new FakeDevice(plan, options);
    return new FakeStates(plan);
  }

  @Override
  public Ops ops() {
    requireOpen();
    return ops;
  }

  @Override
  public Collectives collectives() {
    throw new UnsupportedOperationException("a fake backend has no collectives");
  }

  @Override
  public Optional<MoeTuning> moeTuning() {
    return Optional.ofNullable(tuning);
  }

  @Override
  public List<StepShape> shapes(StepShape limits) {
    List<StepShape> shapes = new ArrayList<>();
    int small = Math.max(1, limits.sequences() / 2);
    int smallRows = Math.min(limits.rows(), small * (1 + limits.draftTokens()));
    shapes.add(
        new StepShape(
            smallRows, small, Math.min(smallRows, limits.logitRows()), limits.draftTokens()));
    shapes.add(limits);
    return shapes;
  }

  @Override
  public CapturedStep capture(
      StepShape shape, StateView states, StepBody forward, StepBody sample) {
    requireOpen();
    Step step = new RecordedStep(states, shape);
    ops.reset();
    forward.issue(step);
    FakeRules.require(ops.samples() == 0, () -> "the forward body samples");
    sample.issue(step);
    FakeRules.require(
        ops.samples() == 1, () -> "the sample body samples " + ops.samples() + " times");
    FakeRules.require(
        ops.drafts() == 0 || ops.drafts() == shape.draftTokens(),
        () -> ops.drafts() + " drafting passes instead of " + shape.draftTokens());
    return new FakeCapturedStep(
        this, shape, ops.drafts() == 0 ? Drafting.NOT_HERE : Drafting.DEVICE);
  }

  @Override
  public void close() {
    closed = true;
  }

  private FakeDevice requireDevice() {
    requireOpen();
    FakeDevice allocated = device;
    if (allocated == null) {
      throw FakeRules.broken("no pools were allocated");
    }
    return allocated;
  }

  private void requireOpen() {
    if (closed) {
      throw new TenonException(ErrorCode.CLOSED, "the fake backend is closed");
    }
  }

  private record RecordedStep(StateView states, StepShape shape) implements Step {
    @Override
    public Rows targetRows() {
      return FakeHandle.ANY;
    }

    @Override
    public Rows draftRows(int pass) {
      return FakeHandle.ANY;
    }

    @Override
    public int draftTokens() {
      return shape.draftTokens();
    }
  }
}
