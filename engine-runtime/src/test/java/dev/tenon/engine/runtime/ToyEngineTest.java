package dev.tenon.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.ModelCard;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.ranks.Followers;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.engine.tck.asserting.AssertingBackend;
import dev.tenon.engine.tck.toy.ToyModel;
import dev.tenon.engine.tck.toy.ToySpeculator;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.model.ModelArchitecture.Drafting;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.speculation.Speculator;
import dev.tenon.spi.speculation.SpeculatorProvider.Drafter;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The engine with a real hybrid model on a real backend, both held to the step protocol. */
@Timeout(60)
class ToyEngineTest {
  private static final int MAX_LENGTH = 96;
  private static final int PAGE_SIZE = 4;

  private static Engine open(int slots, int rows, int pages, int drafts) {
    return open(slots, rows, pages, drafts, null);
  }

  private static Engine open(
      int slots, int rows, int pages, int drafts, Speculator.@Nullable OnHost host) {
    EngineConfigBuilder builder =
        EngineConfig.builder("toy").maxNumSeqs(slots).maxNumBatchedTokens(rows).maxLogprobs(5);
    if (drafts > 0) {
      builder.speculation(new SpeculationConfig("toy", drafts));
    }
    EngineConfig config = builder.build();
    Drafting drafting = drafts > 0 && host == null ? Drafting.ON : Drafting.OFF;
    Backend cpu = openCpu();
    Backend backend =
        new AssertingBackend(cpu, host == null ? Drafter.MODEL_HEAD : Drafter.HISTORY);
    ToyModel model = ToyModel.bind(backend, 5, drafting);
    StatePlan plan =
        new StatePlan(
            ToyModel.states(drafting),
            PAGE_SIZE,
            pages,
            slots,
            new StateLimits(MAX_LENGTH, drafts, ToyModel.VOCABULARY));
    StateView states = backend.allocate(plan);
    Speculator onDevice =
        model.draftHead().map(h -> new ToySpeculator(backend.ops(), h)).orElse(null);
    return RuntimeEngine.start(
        new EngineParts(
            config,
            new ModelCard("toy", "toy", "", ToyModel.VOCABULARY, MAX_LENGTH, 0, 0),
            new ModelProperties(
                "toy",
                ToyModel.VOCABULARY,
                32,
                2,
                MAX_LENGTH,
                List.of(),
                drafts > 0 ? 1 : 0,
                Map.of(),
                0,
                List.of()),
            Optional.empty(),
            List.of(new Rank(backend, model, states, host != null ? host : onDevice)),
            Followers.none(),
            plan,
            StepLimits.of(config, cpu.capabilities(), MAX_LENGTH),
            id -> {
              throw new TenonException(ErrorCode.PLUGIN_NOT_FOUND, id);
            },
            List.of("toy"),
            backend::close));
  }

  /** The CPU backend, loaded as a plugin from the folder it was compiled to. */
  private static Backend openCpu() {
    try {
      URL classes = Path.of("../backend-cpu/target/classes/").toUri().toURL();
      ClassLoader loader =
          new URLClassLoader(new URL[] {classes}, ToyEngineTest.class.getClassLoader());
      return ServiceLoader.load(BackendProvider.class, loader).stream()
          .map(ServiceLoader.Provider::get)
          .filter(provider -> provider.id().equals("cpu"))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no CPU backend in " + classes))
          .open(BackendOptions.single())
          .getFirst();
    } catch (MalformedURLException e) {
      throw new AssertionError(e);
    }
  }

  private static List<GenerationRequest> requests() {
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      int[] prompt = new int[1 + i * 5];
      for (int j = 0; j < prompt.length; j++) {
        prompt[j] = (j * 13 + i * 29) % ToyModel.VOCABULARY;
      }
      SamplingParameters sampling =
          SamplingParameters.builder()
              .temperature(i % 2 == 0 ? 0.0 : 0.8)
              .seed(100L + i)
              .frequencyPenalty(i == 3 ? 0.5 : 0.0)
              .maxTokens(30 + i)
              .build();
      requests.add(GenerationRequest.of(Prompt.of(prompt), sampling));
    }
    return requests;
  }

  /** Every request's tokens, all submitted at once. */
  private static List<int[]> together(Engine engine) throws InterruptedException {
    List<GenerationStream> streams = new ArrayList<>();
    for (GenerationRequest request : requests()) {
      streams.add(engine.submit(request));
    }
    List<int[]> tokens = new ArrayList<>();
    for (GenerationStream stream : streams) {
      tokens.add(Outcome.of(stream).tokens(0));
    }
    return tokens;
  }

  private static List<int[]> oneByOne() throws InterruptedException {
    List<int[]> tokens = new ArrayList<>();
    try (Engine engine = open(1, 64, 64, 0)) {
      for (GenerationRequest request : requests()) {
        tokens.add(Outcome.of(engine.submit(request)).tokens(0));
      }
    }
    return tokens;
  }

  private static void requireSame(List<int[]> actual, List<int[]> expected) {
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i)).as("request " + i).isEqualTo(expected.get(i));
    }
  }

  @Test
  void aBatchGivesWhatRequestsGiveOneByOne() throws InterruptedException {
    try (Engine engine = open(6, 64, 160, 0)) {
      List<int[]> tokens = together(engine);
      requireSame(tokens, oneByOne());
      assertThat(tokens)
          .allSatisfy(all -> assertThat(Arrays.stream(all).distinct().count()).isGreaterThan(4));
    }
  }

  @Test
  void chunksOfOddSizesChangeNothing() throws InterruptedException {
    try (Engine engine = open(4, 7, 160, 0)) {
      requireSame(together(engine), oneByOne());
    }
  }

  @Test
  void draftsChangeNothing() throws InterruptedException {
    try (Engine engine = open(4, 13, 160, 3)) {
      requireSame(together(engine), oneByOne());
      EngineStatistics statistics = engine.statistics();
      assertThat(statistics.draftTokens()).isPositive();
    }
  }

  @Test
  void draftsMadeOnTheHostChangeNothing() throws InterruptedException {
    List<int[]> expected = oneByOne();
    Speculator.OnHost oracle =
        (tokens, length, most) -> {
          for (int i = 0; i < expected.size(); i++) {
            int[] prompt = ((Prompt.Tokens) requests().get(i).prompt()).ids();
            int output = length - prompt.length;
            if (output >= 0 && Arrays.equals(tokens, 0, prompt.length, prompt, 0, prompt.length)) {
              int end = Math.min(expected.get(i).length, output + most);
              int[] drafts = Arrays.copyOfRange(expected.get(i), Math.min(output, end), end);
              if (drafts.length > 2) {
                drafts[2] = (drafts[2] + 1) % ToyModel.VOCABULARY;
              }
              return drafts;
            }
          }
          return new int[0];
        };
    try (Engine engine = open(4, 20, 160, 3, oracle)) {
      requireSame(together(engine), expected);
      assertThat(engine.statistics().acceptedTokens())
          .isGreaterThan(engine.statistics().draftTokens() / 2);
    }
  }

  @Test
  void preemptionChangesNothing() throws InterruptedException {
    for (int drafts : new int[] {0, 2}) {
      try (Engine engine = open(4, 16, 24, drafts)) {
        requireSame(together(engine), oneByOne());
        assertThat(engine.statistics().preemptions()).isPositive();
      }
    }
  }
}
