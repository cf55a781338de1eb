package dev.tenon.engine.runtime;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineFactory;
import dev.tenon.api.LoadProgress;
import dev.tenon.api.PluginReport;
import dev.tenon.engine.runtime.opening.EngineOpener;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.plugins.PluginReports;
import dev.tenon.engine.runtime.ranks.RankStarter;
import java.nio.file.Path;
import java.util.List;
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
  public List<PluginReport> plugins(@Nullable Path pluginFolder) {
    return PluginReports.of(PluginCatalog.find(pluginFolder));
  }
}
