package dev.tenon.engine.runtime.opening;

import dev.tenon.api.EngineConfig;
import dev.tenon.engine.runtime.checkpoint.CheckpointLocation;
import dev.tenon.engine.runtime.checkpoint.CheckpointReader;
import dev.tenon.engine.runtime.plugins.Installed;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelProvider;
import dev.tenon.spi.model.RankLayout;
import java.util.List;

/**
 * What every rank finds and checks before a device is opened. Made from the same configuration it
 * is the same on all ranks.
 *
 * @param config the engine's
 * @param opened the checkpoint
 * @param architecture its model
 * @param speculation what drafts
 * @param division among ranks
 * @param loading of the weights
 */
record Preparation(
    EngineConfig config,
    CheckpointReader.Opened opened,
    ModelArchitecture architecture,
    Speculation speculation,
    Division division,
    WeightLoading loading) {

  /**
   * Finds and checks.
   *
   * @throws dev.tenon.api.TenonException with the reason
   */
  static Preparation of(EngineConfig config, PluginCatalog catalog) {
    CheckpointReader.Opened opened =
        CheckpointReader.read(
            CheckpointLocation.of(config.model()), config.configOverrides(), config.loadFormat());
    Installed<ModelProvider> model = ModelChoice.choose(catalog.models(), opened.checkpoint());
    ModelArchitecture architecture = model.provider().describe(opened.checkpoint());
    Speculation speculation = Speculation.of(config, catalog, architecture.properties());
    WeightLoading loading = new WeightLoading(opened, architecture, speculation.drafting());
    Division division = Division.of(config, architecture, loading);
    loading.check();
    return new Preparation(config, opened, architecture, speculation, division, loading);
  }

  /** Places of all ranks, in order. */
  List<RankLayout> layouts() {
    return division.layouts();
  }

  /** What was decided without being asked for. */
  List<String> notes() {
    return division.notes();
  }

  /** What a rank keeps between steps. */
  List<StateSpec> states(RankLayout layout) {
    return architecture.states(layout, speculation.drafting());
  }

  /** How a rank's backend is opened. */
  static BackendOptions backendOptions(EngineConfig config, int rank, String rendezvous) {
    return new BackendOptions(
        config.tensorParallelSize(),
        rank,
        rendezvous,
        config.threads(),
        config.memoryUtilization(),
        config.backendOptions());
  }

  /** Allocates a rank's pools. */
  Rank allocate(int rank, Backend backend, BoundModel model, PoolPlan plan) {
    StateView states =
        backend.allocate(
            new StatePlan(
                states(layouts().get(rank)),
                plan.pageSize(),
                plan.pages(),
                plan.limits().sequences(),
                new StateLimits(
                    plan.maxLength(),
                    plan.limits().draftTokens(),
                    architecture.properties().vocabularySize())));
    return new Rank(backend, model, states, speculation.create(backend, model));
  }
}
