package dev.tenon.api;

import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Consumer;
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
   * Measures which parameters of a backend's kernels suit this machine's device for a model's
   * mixtures of experts, as one rank of the configuration holds them, and writes them to a file.
   * Weights are made up: the checkpoint's {@code config.json} is enough.
   *
   * @param folder where the file goes
   * @param measured told of each number of rows as soon as it is done
   * @return the file
   * @throws TenonException {@code UNSUPPORTED} if the model has no mixtures, or the backend nothing
   *     to choose
   */
  Path tuneMoe(EngineConfig config, Path folder, Consumer<TunedRows> measured);

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
