package dev.tenon.engine.runtime.opening;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.LoadFormat;
import dev.tenon.api.TenonException;
import dev.tenon.api.TunedRows;
import dev.tenon.engine.runtime.checkpoint.CheckpointLocation;
import dev.tenon.engine.runtime.checkpoint.CheckpointReader;
import dev.tenon.engine.runtime.plugins.BackendChoice;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.weights.RankWeights;
import dev.tenon.engine.runtime.weights.TensorStore;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.MoeTuning;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelArchitecture.Drafting;
import dev.tenon.spi.model.RankLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has a backend measure its kernels on the mixtures of a model, with weights that are made up. */
public final class MixtureTuning {
  private static final Logger LOG = LoggerFactory.getLogger(MixtureTuning.class);

  private final EngineConfig config;
  private final PluginCatalog catalog;
  private final Resources resources = new Resources();

  private MixtureTuning(EngineConfig config, PluginCatalog catalog) {
    this.config = config;
    this.catalog = catalog;
  }

  /**
   * Measures on one device, as the first rank of the configuration.
   *
   * @return the file that was written
   */
  public static Path run(EngineConfig config, Path folder, Consumer<TunedRows> measured) {
    ConfigChecks.check(config);
    return run(config, PluginCatalog.find(config.pluginFolder()), folder, measured);
  }

  static Path run(
      EngineConfig config, PluginCatalog catalog, Path folder, Consumer<TunedRows> measured) {
    MixtureTuning tuning = new MixtureTuning(config, catalog);
    try {
      return tuning.run(folder, measured);
    } finally {
      tuning.resources.run();
    }
  }

  private Path run(Path folder, Consumer<TunedRows> measured) {
    CheckpointReader.Opened opened =
        CheckpointReader.read(
            CheckpointLocation.of(config.model()), config.configOverrides(), LoadFormat.DUMMY);
    ModelArchitecture architecture =
        ModelChoice.choose(catalog.models(), opened.checkpoint())
            .provider()
            .describe(opened.checkpoint());
    WeightLoading loading = new WeightLoading(opened, architecture, Drafting.OFF);
    Division division = Division.of(config, architecture, loading);
    division.notes().forEach(note -> LOG.info("{}", note));
    BackendChoice.Chosen chosen = BackendChoice.choose(catalog, config.backend());
    LOG.info("backend {}: {}", chosen.backend().id(), chosen.reason());
    Backend backend = resources.add(open(chosen));
    MoeTuning tuning =
        backend
            .moeTuning()
            .orElseThrow(() ->
                new TenonException(
                    ErrorCode.UNSUPPORTED,
                    "backend "
                        + chosen.backend().id()
                        + " has no parameters to choose for mixtures of experts; name another by"
                        + " --backend (tenon plugins lists them)"));
    RankLayout first = division.layouts().getFirst();
    return tuning.tune(blocks(opened, architecture, loading, first, backend), folder, measured);
  }

  private Backend open(BackendChoice.Chosen chosen) {
    BackendOptions options =
        new BackendOptions(
            1, 0, "", config.threads(), config.memoryUtilization(), config.backendOptions());
    return chosen.backend().provider().open(options).getFirst();
  }

  private List<MoeWeights> blocks(
      CheckpointReader.Opened opened,
      ModelArchitecture architecture,
      WeightLoading loading,
      RankLayout layout,
      Backend backend) {
    TensorStore store = resources.addUnderneath(loading.open());
    RankWeights weights =
        new RankWeights(
            store,
            List.copyOf(architecture.tensors(Drafting.OFF)),
            opened.quantisation(),
            layout,
            bytes -> {});
    List<MoeWeights> blocks = new ArrayList<>();
    architecture.bind(new MixtureCollector(backend, blocks), weights, layout, Drafting.OFF);
    if (blocks.isEmpty()) {
      throw new TenonException(
          ErrorCode.UNSUPPORTED, opened.checkpoint().name() + " has no mixtures of experts");
    }
    return blocks;
  }
}
