package dev.tenon.engine.runtime.opening;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.LoadProgress;
import dev.tenon.api.ModelCard;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.EngineParts;
import dev.tenon.engine.runtime.StepLimits;
import dev.tenon.engine.runtime.checkpoint.CheckpointLocation;
import dev.tenon.engine.runtime.checkpoint.CheckpointReader;
import dev.tenon.engine.runtime.plugins.BackendChoice;
import dev.tenon.engine.runtime.plugins.Installed;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.engine.runtime.weights.TensorStore;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.backend.RankPlacement;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelProvider;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.text.TextSupport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens everything that an engine consists of, or nothing. */
public final class EngineOpener {
  private static final Logger LOG = LoggerFactory.getLogger(EngineOpener.class);

  private final EngineConfig config;
  private final LoadProgress progress;
  private final PluginCatalog catalog;
  private final Resources resources = new Resources();

  private EngineOpener(EngineConfig config, LoadProgress progress, PluginCatalog catalog) {
    this.config = config;
    this.progress = progress;
    this.catalog = catalog;
  }

  /**
   * Opens an engine's parts.
   *
   * @throws TenonException with the reason; nothing stays open then
   */
  public static EngineParts open(EngineConfig config, LoadProgress progress) {
    ConfigChecks.check(config);
    return open(config, progress, PluginCatalog.find(config.pluginFolder()));
  }

  static EngineParts open(EngineConfig config, LoadProgress progress, PluginCatalog catalog) {
    EngineOpener opener = new EngineOpener(config, progress, catalog);
    try {
      return opener.open();
    } catch (TenonException e) {
      opener.resources.run();
      throw e;
    } catch (OutOfMemoryError e) {
      opener.resources.run();
      throw new TenonException(
          ErrorCode.OUT_OF_MEMORY, "the memory ran out while the engine was opened: " + e, e);
    } catch (RuntimeException | LinkageError e) {
      opener.resources.run();
      throw new TenonException(
          ErrorCode.INTERNAL, "a plugin failed while the engine was opened: " + e, e);
    }
  }

  private EngineParts open() {
    progress.progress("checkpoint", 0, 0);
    CheckpointReader.Opened opened =
        CheckpointReader.read(
            CheckpointLocation.of(config.model()), config.configOverrides(), config.loadFormat());
    Installed<ModelProvider> model = ModelChoice.choose(catalog.models(), opened.checkpoint());
    ModelArchitecture architecture = model.provider().describe(opened.checkpoint());
    architecture.properties().notes().forEach(note -> LOG.info("{}", note));
    Speculation speculation = Speculation.of(config, catalog, architecture.properties());
    List<RankLayout> layouts = layouts();
    layouts.forEach(architecture::checkRanks);
    WeightLoading loading = new WeightLoading(opened, architecture, speculation.drafting());
    loading.check();

    BackendChoice.Chosen chosen = BackendChoice.choose(catalog, config.backend());
    LOG.info("backend {}: {}", chosen.backend().id(), chosen.reason());
    FutureTask<Optional<TextSupport>> text = Concurrently.start("text", architecture::openText);
    List<Backend> backends = openBackends(chosen.backend());
    loading.checkTypes(backends.getFirst().capabilities());
    RankPlacement placement = chosen.backend().provider().rankPlacement();
    List<List<StateSpec>> states =
        layouts.stream().map(l -> architecture.states(l, speculation.drafting())).toList();
    PoolPlan plan =
        PoolPlanner.plan(request(loading, architecture, backends, layouts, states, placement));

    TensorStore store = resources.addUnderneath(loading.open());
    List<BoundModel> models = loading.bind(store, backends, layouts, progress);
    List<Rank> ranks = new ArrayList<>();
    for (int i = 0; i < backends.size(); i++) {
      Backend backend = backends.get(i);
      progress.progress("pools", i * plan.bytes(), backends.size() * plan.bytes());
      StateView view = backend.allocate(statePlan(plan, states.get(i), architecture));
      ranks.add(new Rank(backend, models.get(i), view, speculation.create(backend, models.get(i))));
    }
    progress.progress("pools", backends.size() * plan.bytes(), backends.size() * plan.bytes());
    return new EngineParts(
        config,
        card(opened, architecture, plan),
        architecture.properties(),
        Concurrently.await(text),
        ranks,
        ranks.getFirst().states().plan(),
        plan.limits(),
        catalog::toolParser,
        Description.of(opened.checkpoint(), architecture, chosen, backends, loading, plan, config),
        resources);
  }

  private List<RankLayout> layouts() {
    RankLayout.Experts experts =
        switch (config.expertParallel()) {
          case OFF -> RankLayout.Experts.SLICED;
          case ON -> RankLayout.Experts.WHOLE;
        };
    List<RankLayout> layouts = new ArrayList<>();
    for (int rank = 0; rank < config.tensorParallelSize(); rank++) {
      layouts.add(new RankLayout(rank, config.tensorParallelSize(), experts));
    }
    return layouts;
  }

  private List<Backend> openBackends(Installed<BackendProvider> backend) {
    int ranks = config.tensorParallelSize();
    if (ranks > 1 && backend.provider().rankPlacement() == RankPlacement.PROCESSES) {
      throw TenonException.of(
          ErrorCode.UNSUPPORTED,
          "tensor_parallel_size",
          "tensor_parallel_size is "
              + ranks
              + ", but this version starts no further processes for the ranks of backend "
              + backend.id()
              + "; give 1");
    }
    List<Backend> backends =
        backend
            .provider()
            .open(
                new BackendOptions(
                    ranks,
                    0,
                    "",
                    config.threads(),
                    config.memoryUtilization(),
                    config.backendOptions()));
    backends.forEach(resources::add);
    if (backends.size() != ranks) {
      throw new TenonException(
          ErrorCode.INTERNAL,
          "backend " + backend.id() + " opened " + backends.size() + " of " + ranks + " ranks");
    }
    return backends;
  }

  private PoolRequest request(
      WeightLoading loading,
      ModelArchitecture architecture,
      List<Backend> backends,
      List<RankLayout> layouts,
      List<List<StateSpec>> states,
      RankPlacement placement) {
    int drafts = StepLimits.draftTokens(config);
    int vocabulary = architecture.properties().vocabularySize();
    long available = backends.stream().mapToLong(Backend::availableMemory).min().orElseThrow();
    // on the host, weights stay in their mapped files and take nothing from a backend's share
    long weights =
        switch (placement) {
          case THREADS -> 0;
          case PROCESSES -> layouts.stream().mapToLong(loading::bytes).max().orElseThrow();
        };
    return new PoolRequest(
        config,
        architecture.properties(),
        backends.getFirst().capabilities(),
        placement,
        drafts,
        available,
        weights,
        pageSize -> greatest(backends, states, (b, s) -> b.bytesPerPage(s, pageSize)),
        length ->
            greatest(
                backends,
                states,
                (b, s) -> b.bytesPerSlot(s, new StateLimits(length, drafts, vocabulary))));
  }

  private interface Measure {
    long of(Backend backend, List<StateSpec> states);
  }

  private static long greatest(
      List<Backend> backends, List<List<StateSpec>> states, Measure measure) {
    long greatest = 0;
    for (int i = 0; i < backends.size(); i++) {
      greatest = Math.max(greatest, measure.of(backends.get(i), states.get(i)));
    }
    return greatest;
  }

  private static StatePlan statePlan(
      PoolPlan plan, List<StateSpec> states, ModelArchitecture architecture) {
    return new StatePlan(
        states,
        plan.pageSize(),
        plan.pages(),
        plan.limits().sequences(),
        new StateLimits(
            plan.maxLength(),
            plan.limits().draftTokens(),
            architecture.properties().vocabularySize()));
  }

  private static ModelCard card(
      CheckpointReader.Opened opened, ModelArchitecture architecture, PoolPlan plan) {
    return new ModelCard(
        opened.checkpoint().name(),
        architecture.properties().family(),
        opened.checkpoint().folder().toString(),
        architecture.properties().vocabularySize(),
        plan.maxLength(),
        architecture.properties().parameters(),
        Instant.now().getEpochSecond());
  }
}
