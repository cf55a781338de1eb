package dev.tenon.engine.tck.recording;

import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.MoeTuning;
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

/** Takes weights of every type and records operations; it runs no steps. */
public final class RecordingBackend implements Backend {
  private final RecordingWeights weights = new RecordingWeights();
  private final RecordingOps ops = new RecordingOps();

  /** A backend that nothing was asked of yet. */
  public RecordingBackend() {}

  @Override
  public String description() {
    return "recording";
  }

  @Override
  public BackendCapabilities capabilities() {
    return new BackendCapabilities(EnumSet.allOf(ElementType.class), 1, 1, 16);
  }

  @Override
  public long availableMemory() {
    return Long.MAX_VALUE;
  }

  @Override
  public Weights weights() {
    return weights;
  }

  @Override
  public long bytesPerPage(List<StateSpec> states, int pageSize) {
    return 0;
  }

  @Override
  public long bytesPerSlot(List<StateSpec> states, StateLimits limits) {
    return 0;
  }

  @Override
  public RecordingOps ops() {
    return ops;
  }

  @Override
  public StateView allocate(StatePlan plan) {
    throw new UnsupportedOperationException("a recording has no pools");
  }

  @Override
  public Collectives collectives() {
    throw new UnsupportedOperationException("block operations reduce by themselves");
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
    throw new UnsupportedOperationException("a recording runs no steps");
  }

  @Override
  public void close() {}
}
