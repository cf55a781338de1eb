package dev.tenon.engine.runtime;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineFactory;
import dev.tenon.api.LoadProgress;
import dev.tenon.api.PluginReport;
import dev.tenon.api.TunedRows;
import dev.tenon.engine.runtime.opening.EngineOpener;
import dev.tenon.engine.runtime.opening.MixtureTuning;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.plugins.PluginReports;
import dev.tenon.engine.runtime.ranks.RankStarter;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The runtime's entry: opens engines from what is installed. */
public final class RuntimeEngineFactory implements EngineFactory {
  /** Called by the service loader. */
  public RuntimeEngineFactory() {}

  @Override
  public Engine open(EngineConfig config, LoadProgress progress) {
    return RuntimeEngine.start(
        EngineOpener.open(config, progress, RankStarter.of(RankProcess.class)));
  }

  @Override
  public Path tuneMoe(EngineConfig config, Path folder, Consumer<TunedRows> measured) {
    return MixtureTuning.run(config, folder, measured);
  }

  @Override
  public List<PluginReport> plugins(@Nullable Path pluginFolder) {
    return PluginReports.of(PluginCatalog.find(pluginFolder));
  }
}
