package dev.tenon.engine.runtime.opening;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.LoadProgress;
import dev.tenon.api.ModelCard;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.EngineParts;
import dev.tenon.engine.runtime.StepLimits;
import dev.tenon.engine.runtime.checkpoint.CheckpointReader;
import dev.tenon.engine.runtime.plugins.BackendChoice;
import dev.tenon.engine.runtime.plugins.Installed;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.ranks.Followers;
import dev.tenon.engine.runtime.ranks.RankProcesses;
import dev.tenon.engine.runtime.ranks.RankStarter;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.engine.runtime.weights.TensorStore;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.backend.RankPlacement;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.text.TextSupport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens everything that an engine consists of, or nothing. */
public final class EngineOpener {
  private static final Logger LOG = LoggerFactory.getLogger(EngineOpener.class);

  private final EngineConfig config;
  private final LoadProgress progress;
  private final PluginCatalog catalog;
  private final RankStarter starter;
  private final Resources resources = new Resources();
  private Followers followers = Followers.none();

  private EngineOpener(
      EngineConfig config, LoadProgress progress, PluginCatalog catalog, RankStarter starter) {
    this.config = config;
    this.progress = progress;
    this.catalog = catalog;
    this.starter = starter;
  }

  /**
   * Opens an engine's parts.
   *
   * @param starter of ranks in processes of their own
   * @throws TenonException with the reason; nothing stays open then
   */
  public static EngineParts open(EngineConfig config, LoadProgress progress, RankStarter starter) {
    ConfigChecks.check(config);
    return open(config, progress, PluginCatalog.find(config.pluginFolder()), starter);
  }

  static EngineParts open(
      EngineConfig config, LoadProgress progress, PluginCatalog catalog, RankStarter starter) {
    EngineOpener opener = new EngineOpener(config, progress, catalog, starter);
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
    Preparation prepared = Preparation.of(config, catalog);
    ModelArchitecture architecture = prepared.architecture();
    architecture.properties().notes().forEach(note -> LOG.info("{}", note));
    prepared.notes().forEach(note -> LOG.info("{}", note));
    WeightLoading loading = prepared.loading();

    BackendChoice.Chosen chosen = BackendChoice.choose(catalog, config.backend());
    LOG.info("backend {}: {}", chosen.backend().id(), chosen.reason());
    FutureTask<Optional<TextSupport>> text = Concurrently.start("text", architecture::openText);
    RankPlacement placement = chosen.backend().provider().rankPlacement();
    int here = placement == RankPlacement.THREADS ? config.tensorParallelSize() : 1;
    List<RankLayout> layouts = prepared.layouts().subList(0, here);
    List<Backend> backends;
    long others;
    try {
      backends = openBackends(chosen.backend(), here);
      loading.checkTypes(backends.getFirst().capabilities());
      others = followers.availableMemory();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    PoolRequest request;
    PoolPlan plan;
    try (DryOpening dry = DryOpening.of(prepared, backends.getFirst())) {
      request = request(prepared, backends, others, placement, dry);
      plan = PoolPlanner.plan(request);
    }
    followers.allocate(plan.maxLength(), plan.pageSize(), plan.pages(), plan.limits());

    TensorStore store = resources.addUnderneath(loading.open());
    List<BoundModel> models = loading.bind(store, backends, layouts, progress);
    List<Rank> ranks = new ArrayList<>();
    for (int i = 0; i < backends.size(); i++) {
      progress.progress("pools", i * plan.bytes(), backends.size() * plan.bytes());
      ranks.add(prepared.allocate(i, backends.get(i), models.get(i), plan));
    }
    try {
      followers.awaitAllocated();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    progress.progress("pools", backends.size() * plan.bytes(), backends.size() * plan.bytes());
    return new EngineParts(
        config,
        card(prepared.opened(), architecture, plan),
        architecture.properties(),
        Concurrently.await(text),
        ranks,
        followers,
        ranks.getFirst().states().plan(),
        plan.limits(),
        catalog::toolParser,
        Description.of(prepared, chosen, backends, request, plan),
        resources);
  }

  private static TenonException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new TenonException(ErrorCode.CANCELLED, "opening was interrupted", e);
  }

  private List<Backend> openBackends(Installed<BackendProvider> backend, int here)
      throws InterruptedException {
    int ranks = config.tensorParallelSize();
    String rendezvous = "";
    if (here < ranks) {
      RankProcesses processes = starter.start(config, backend.id());
      followers = resources.add(processes);
      rendezvous = processes.rendezvous();
    }
    BackendOptions options = Preparation.backendOptions(config, 0, rendezvous);
    List<Backend> backends = followers.guard(() -> backend.provider().open(options));
    backends.forEach(resources::add);
    if (backends.size() != here) {
      throw new TenonException(
          ErrorCode.INTERNAL,
          "backend " + backend.id() + " opened " + backends.size() + " of " + here + " ranks");
    }
    return backends;
  }

  private PoolRequest request(
      Preparation prepared,
      List<Backend> backends,
      long others,
      RankPlacement placement,
      DryOpening dry) {
    int drafts = StepLimits.draftTokens(config);
    int vocabulary = prepared.architecture().properties().vocabularySize();
    long available =
        Math.min(others, backends.stream().mapToLong(Backend::availableMemory).min().orElseThrow());
    // on the host, weights stay in their mapped files and take nothing from a backend's share
    long weights =
        switch (placement) {
          case THREADS -> 0;
          case PROCESSES -> dry.weightBytes();
        };
    List<List<StateSpec>> states = prepared.layouts().stream().map(prepared::states).toList();
    Backend first = backends.getFirst();
    return new PoolRequest(
        config,
        prepared.architecture().properties(),
        first.capabilities(),
        placement,
        drafts,
        available,
        weights,
        dry.stepNeeds(),
        pageSize -> greatest(states, share -> first.bytesPerPage(share, pageSize)),
        length ->
            greatest(
                states,
                share -> first.bytesPerSlot(share, new StateLimits(length, drafts, vocabulary))));
  }

  private static long greatest(
      List<List<StateSpec>> states, ToLongFunction<List<StateSpec>> measure) {
    return states.stream().mapToLong(measure).max().orElseThrow();
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
