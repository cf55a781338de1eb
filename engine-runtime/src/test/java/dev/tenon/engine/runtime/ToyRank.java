package dev.tenon.engine.runtime;

import dev.tenon.engine.runtime.opening.ToyBackendProvider;
import dev.tenon.engine.runtime.opening.ToyModelProvider;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import java.util.List;

/** A rank's process with plugins that compute nothing. */
public final class ToyRank {
  private ToyRank() {}

  /** Runs it. */
  public static void main(String[] arguments) {
    PluginCatalog catalog =
        PluginCatalog.of(List.of(ToyBackendProvider.ofProcesses(), new ToyModelProvider()));
    RankProcess.run(config -> catalog);
  }
}
