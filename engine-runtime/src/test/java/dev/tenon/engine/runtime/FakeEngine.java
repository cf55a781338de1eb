package dev.tenon.engine.runtime;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.ModelCard;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.ranks.Followers;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.engine.tck.asserting.AssertingBackend;
import dev.tenon.engine.tck.fake.FakeBackend;
import dev.tenon.engine.tck.fake.FakeModel;
import dev.tenon.engine.tck.fake.FakeOptions;
import dev.tenon.engine.tck.fake.FakeSpeculator;
import dev.tenon.engine.tck.fake.FakeTokenizer;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.speculation.Speculator;
import dev.tenon.spi.speculation.SpeculatorProvider.Drafter;
import dev.tenon.spi.text.TextSupport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Engines on fake backends, for tests. */
final class FakeEngine {
  static final int PAGE_SIZE = 4;

  private FakeOptions options = FakeOptions.defaults();
  private int maxLength = 64;
  private int pages = 64;
  private int slots = 4;
  private int rows = 16;
  private int drafts;
  private int rankCount = 1;
  private Speculator.@Nullable OnHost hostSpeculator;
  private UnaryOperator<EngineConfigBuilder> config = UnaryOperator.identity();
  private final List<FakeBackend> backends = new ArrayList<>();

  FakeEngine options(FakeOptions newOptions) {
    options = newOptions;
    return this;
  }

  FakeEngine maxLength(int length) {
    maxLength = length;
    return this;
  }

  FakeEngine pages(int count) {
    pages = count;
    return this;
  }

  FakeEngine slots(int count) {
    slots = count;
    return this;
  }

  FakeEngine rows(int count) {
    rows = count;
    return this;
  }

  FakeEngine drafts(int count) {
    drafts = count;
    return this;
  }

  FakeEngine ranks(int count) {
    rankCount = count;
    return this;
  }

  FakeEngine hostSpeculator(Speculator.OnHost speculator) {
    hostSpeculator = speculator;
    return this;
  }

  FakeEngine config(UnaryOperator<EngineConfigBuilder> change) {
    config = change;
    return this;
  }

  FakeBackend backend() {
    return backends.getFirst();
  }

  int maxLength() {
    return maxLength;
  }

  EngineParts parts() {
    EngineConfigBuilder builder =
        EngineConfig.builder("fake").maxNumSeqs(slots).maxNumBatchedTokens(rows);
    if (drafts > 0) {
      builder.speculation(new SpeculationConfig("fake", drafts));
    }
    EngineConfig built = config.apply(builder).build();
    StatePlan plan =
        new StatePlan(
            List.of(),
            PAGE_SIZE,
            pages,
            slots,
            new StateLimits(maxLength, drafts, FakeTokenizer.SIZE));
    List<Rank> ranks = new ArrayList<>();
    for (int i = 0; i < rankCount; i++) {
      FakeBackend backend = new FakeBackend(options);
      backends.add(backend);
      Backend asserting =
          new AssertingBackend(
              backend, hostSpeculator == null ? Drafter.MODEL_HEAD : Drafter.HISTORY);
      StateView states = asserting.allocate(plan);
      Speculator speculator =
          hostSpeculator != null ? hostSpeculator : drafts > 0 ? new FakeSpeculator(backend) : null;
      ranks.add(new Rank(asserting, new FakeModel(), states, speculator));
    }
    StepShape limits = StepLimits.of(built, backend().capabilities(), maxLength);
    return new EngineParts(
        built,
        new ModelCard("fake", "fake", "", FakeTokenizer.SIZE, maxLength, 0, 0),
        new ModelProperties(
            "fake",
            FakeTokenizer.SIZE,
            1,
            1,
            maxLength,
            List.of(FakeTokenizer.END),
            0,
            Map.of(),
            0,
            List.of()),
        Optional.of(new TextSupport(new FakeTokenizer(), Optional.empty())),
        ranks,
        Followers.none(),
        plan,
        limits,
        id -> {
          throw new TenonException(ErrorCode.PLUGIN_NOT_FOUND, id);
        },
        List.of("fake"),
        () -> backends.forEach(FakeBackend::close));
  }

  RuntimeEngine start() {
    return RuntimeEngine.start(parts());
  }
}
