package dev.tenon.engine.runtime.opening;

import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.MoeTuning;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.StepBody;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.Weights;
import java.util.List;
import java.util.Optional;

/** A backend for a model to be bound to that packs nothing and keeps the mixtures it is given. */
final class MixtureCollector implements Backend {
  private final Backend backend;
  private final Weights weights;

  MixtureCollector(Backend backend, List<MoeWeights> found) {
    this.backend = backend;
    this.weights = new Collecting(found);
  }

  /** Answers with handles of nothing. */
  private record Collecting(List<MoeWeights> found) implements Weights {
    @Override
    public Packed.Embedding embedding(HostMatrix rows, int firstRow, int vocabularySize) {
      return new Packed.Embedding() {};
    }

    @Override
    public Packed.Head head(HostMatrix rows, int firstRow, int vocabularySize) {
      return new Packed.Head() {};
    }

    @Override
    public Packed.Projection projection(HostMatrix matrix) {
      return new Packed.Projection() {};
    }

    @Override
    public Packed.Norm norm(NormWeights norm) {
      return new Packed.Norm() {};
    }

    @Override
    public Packed.Attention attention(AttentionWeights block) {
      return new Packed.Attention() {};
    }

    @Override
    public Packed.DeltaNet deltaNet(DeltaNetWeights block) {
      return new Packed.DeltaNet() {};
    }

    @Override
    public Packed.Moe moe(MoeWeights block) {
      found.add(block);
      return new Packed.Moe() {};
    }

    @Override
    public Packed.Mlp mlp(MlpWeights block) {
      return new Packed.Mlp() {};
    }

    @Override
    public long packedBytes() {
      return 0;
    }
  }

  @Override
  public String description() {
    return backend.description();
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
  public StateView allocate(StatePlan plan) {
    throw new IllegalStateException("a model that is only looked at has no states");
  }

  @Override
  public Ops ops() {
    return backend.ops();
  }

  @Override
  public Collectives collectives() {
    return backend.collectives();
  }

  @Override
  public Optional<MoeTuning> moeTuning() {
    return backend.moeTuning();
  }

  @Override
  public List<StepShape> shapes(StepShape limits) {
    return backend.shapes(limits);
  }

  @Override
  public CapturedStep capture(
      StepShape shape, StateView states, StepBody forward, StepBody sample) {
    throw new IllegalStateException("a model that is only looked at runs no steps");
  }

  @Override
  public void close() {
    // the backend is its opener's
  }
}
