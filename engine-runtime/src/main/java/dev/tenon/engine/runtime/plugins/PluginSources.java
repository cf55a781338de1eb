package dev.tenon.engine.runtime.plugins;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.Provider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The places where plugins are looked for, in the order in which equal ids win. */
final class PluginSources {
  private static final Logger LOG = LoggerFactory.getLogger(PluginSources.class);

  private PluginSources() {}

  /**
   * Module path and class path, then each {@code <name>} of the plugin folder in order of names.
   *
   * @param failures told of folders that cannot be opened
   * @throws TenonException {@code INVALID_CONFIGURATION} if there is no such folder
   */
  static List<PluginSource> of(@Nullable Path pluginFolder, Consumer<Unusable> failures) {
    List<PluginSource> sources = new ArrayList<>();
    sources.add(paths());
    if (pluginFolder != null) {
      for (Path folder : folders(pluginFolder)) {
        open(folder, sources, failures);
      }
    }
    return sources;
  }

  private static PluginSource paths() {
    ClassLoader loader = PluginSources.class.getClassLoader();
    return new PluginSource(
        "module path and class path",
        new PluginSource.Services() {
          @Override
          public <P extends Provider> ServiceLoader<P> of(Class<P> service) {
            // finds named modules of the boot layer and META-INF/services of the class path alike
            return ServiceLoader.load(service, loader);
          }
        },
        type -> true);
  }

  private static void open(Path folder, List<PluginSource> sources, Consumer<Unusable> failures) {
    try {
      List<Path> jars = jars(folder);
      if (jars.isEmpty()) {
        throw new IOException("it holds no *.jar");
      }
      sources.add(PluginFolder.open(folder, jars));
    } catch (IOException | RuntimeException | LinkageError e) {
      LOG.warn("the plugin in {} is left out", folder, e);
      failures.accept(
          new Unusable(
              "folder",
              String.valueOf(folder.getFileName()),
              folder.toString(),
              ErrorCode.PLUGIN_INCOMPATIBLE,
              "cannot be opened: " + (e.getCause() == null ? e : e + ", " + e.getCause())));
    }
  }

  private static List<Path> folders(Path pluginFolder) {
    try (Stream<Path> entries = Files.list(pluginFolder)) {
      return entries.filter(Files::isDirectory).sorted().toList();
    } catch (IOException e) {
      throw new TenonException(
          ErrorCode.INVALID_CONFIGURATION,
          "the plugin folder "
              + pluginFolder.toAbsolutePath()
              + " cannot be listed ("
              + e
              + "); it should hold a folder <name>/ with jars per plugin",
          e);
    }
  }

  private static List<Path> jars(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(path -> path.toString().endsWith(".jar")).sorted().toList();
    }
  }
}
