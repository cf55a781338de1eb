package dev.tenon.engine.tck.asserting;

import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.MoeTuning;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.StepBody;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.Weights;
import dev.tenon.spi.speculation.SpeculatorProvider.Drafter;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Wraps a backend and fails with an {@link AssertionError} when its caller or the backend itself
 * breaks the step protocol: setups before use, chunks that continue each other, pages that cover
 * what is written, logit rows, pairs of launches from one thread, outcomes within their bounds,
 * nothing used after closing. What it hands out is the wrapped backend's own, except for steps.
 */
public final class AssertingBackend implements Backend {
  private final Backend wrapped;
  private final Drafter drafter;
  private @Nullable ProtocolShadow shadow;
  private volatile boolean closed;

  /**
   * Wraps a backend.
   *
   * @param drafter where drafts come from, if there are any
   */
  public AssertingBackend(Backend wrapped, Drafter drafter) {
    this.wrapped = wrapped;
    this.drafter = drafter;
  }

  @Override
  public String description() {
    return "asserting " + wrapped.description();
  }

  @Override
  public BackendCapabilities capabilities() {
    return open().capabilities();
  }

  @Override
  public long availableMemory() {
    return open().availableMemory();
  }

  @Override
  public Weights weights() {
    return open().weights();
  }

  @Override
  public long bytesPerPage(List<StateSpec> states, int pageSize) {
    return open().bytesPerPage(states, pageSize);
  }

  @Override
  public long bytesPerSlot(List<StateSpec> states, StateLimits limits) {
    return open().bytesPerSlot(states, limits);
  }

  @Override
  public StateView allocate(StatePlan plan) {
    if (shadow != null) {
      throw new AssertionError("pools are allocated twice");
    }
    shadow =
        new ProtocolShadow(
            plan,
            drafter == Drafter.MODEL_HEAD
                ? ProtocolShadow.Drafts.DEVICE
                : ProtocolShadow.Drafts.HOST);
    return open().allocate(plan);
  }

  @Override
  public Ops ops() {
    return open().ops();
  }

  @Override
  public Collectives collectives() {
    return open().collectives();
  }

  @Override
  public Optional<MoeTuning> moeTuning() {
    return open().moeTuning();
  }

  @Override
  public List<StepShape> shapes(StepShape limits) {
    List<StepShape> shapes = open().shapes(limits);
    if (shapes.stream().noneMatch(shape -> shape.holds(limits))) {
      throw new AssertionError("no shape of " + shapes + " holds " + limits);
    }
    return shapes;
  }

  @Override
  public CapturedStep capture(
      StepShape shape, StateView states, StepBody forward, StepBody sample) {
    ProtocolShadow followed = Objects.requireNonNull(shadow, "capture before allocate");
    return new AssertingStep(
        open().capture(shape, states, forward, sample), shape, followed, () -> closed);
  }

  @Override
  public void close() {
    closed = true;
    wrapped.close();
    wrapped.close();
  }

  private Backend open() {
    if (closed) {
      throw new AssertionError("use of a backend after closing");
    }
    return wrapped;
  }
}
