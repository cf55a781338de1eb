package dev.tenon.api;

import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** Opens engines. One implementation, the runtime, is found by {@link ServiceLoader}. */
public interface EngineFactory {
  /**
   * Opens an engine: finds the plugins, reads and checks the checkpoint, plans the memory, loads
   * the weights. Nothing of size is allocated before everything was checked.
   *
   * @throws TenonException with the reason; nothing stays open then
   */
  Engine open(EngineConfig config, LoadProgress progress);

  /**
   * What is installed and what would be chosen on this machine. Opens nothing.
   *
   * @param pluginFolder as {@link EngineConfig#pluginFolder()}
   */
  List<PluginReport> plugins(@Nullable Path pluginFolder);

  /**
   * The installed factory.
   *
   * @throws TenonException {@code PLUGIN_NOT_FOUND} if no runtime is installed
   */
  static EngineFactory installed() {
    return ServiceLoader.load(EngineFactory.class)
        .findFirst()
        .orElseThrow(() ->
            new TenonException(
                ErrorCode.PLUGIN_NOT_FOUND,
                "no engine runtime is installed; add dev.tenon:engine-runtime to the module"
                    + " path or class path"));
  }
}
