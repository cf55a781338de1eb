package dev.tenon.engine.runtime.opening;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.fake.FakeModel;
import dev.tenon.spi.Probe;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.Weights;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.model.ModelProvider;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import dev.tenon.spi.model.WeightSource;
import dev.tenon.spi.text.TextSupport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A model of one matrix and one vector, that fails where it is told to. */
public final class ToyModelProvider implements ModelProvider {
  final List<HostMatrix> bound = new ArrayList<>();
  Failure failure = Failure.NONE;
  Mixture mixture = Mixture.ABSENT;

  enum Mixture {
    ABSENT,
    PRESENT
  }

  /** A provider. */
  public ToyModelProvider() {}

  enum Failure {
    NONE,
    DESCRIBE,
    BIND,
    TEXT
  }

  @Override
  public String id() {
    return "toy";
  }

  @Override
  public int spiVersion() {
    return SPI_VERSION;
  }

  @Override
  public Probe recognise(Checkpoint checkpoint) {
    Object type = checkpoint.config().get("model_type");
    return "toy".equals(type)
        ? new Probe.Fit(10, "toy")
        : new Probe.Unfit("model_type is " + type + ", not toy");
  }

  @Override
  public ModelArchitecture describe(Checkpoint checkpoint) {
    fail(Failure.DESCRIBE);
    return new Toy();
  }

  private void fail(Failure place) {
    if (failure == place) {
      throw new IllegalStateException("toy failed at " + place);
    }
  }

  private final class Toy implements ModelArchitecture {
    @Override
    public ModelProperties properties() {
      return new ModelProperties(
          "toy", 100, 8, 2, 1000, List.of(1), 0, Map.of(), 72, List.of("a note"));
    }

    @Override
    public List<TensorSpec> tensors(Drafting drafting) {
      return List.of(
          new TensorSpec(
              "matrix",
              List.of(8L, 8L),
              new ShardSpec.Rows(),
              TensorSpec.Quantisation.BLOCK_SCALED),
          new TensorSpec(
              "vector", List.of(8L), new ShardSpec.Replicated(), TensorSpec.Quantisation.NEVER));
    }

    @Override
    public boolean ignores(String tensorName) {
      return false;
    }

    @Override
    public void checkRanks(RankLayout layout) {
      if (8 % layout.size() != 0) {
        throw new TenonException(ErrorCode.INVALID_CONFIGURATION, "8 rows do not divide");
      }
    }

    @Override
    public List<StateSpec> states(RankLayout layout, Drafting drafting) {
      return List.of(new StateSpec.PagedKv(0, 1, 8));
    }

    @Override
    public BoundModel bind(
        Backend backend, WeightSource weights, RankLayout layout, Drafting drafting) {
      bound.add(weights.matrix("matrix"));
      fail(Failure.BIND);
      if (mixture == Mixture.PRESENT) {
        pack(backend.weights(), weights.matrix("matrix"), weights.values("vector"));
      }
      return new FakeModel();
    }

    private static void pack(Weights to, HostMatrix matrix, float[] vector) {
      List<HostMatrix> each = List.of(matrix, matrix);
      NormWeights norm = new NormWeights(vector, 1e-6f);
      to.moe(
          new MoeWeights(
              2, 1, MoeWeights.Weighting.NORMALISED, 0, norm, matrix, each, each, each, null));
    }

    @Override
    public Optional<TextSupport> openText() {
      fail(Failure.TEXT);
      return Optional.empty();
    }
  }
}
