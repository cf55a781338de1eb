package dev.tenon.engine.runtime.plugins;

import dev.tenon.spi.Provider;
import dev.tenon.spi.backend.BackendProvider;
import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A plugin of the plugin folder, with a class loader of its own. Where the runtime is a named
 * module, its jars become a module layer above the runtime's (a jar without a module descriptor
 * becomes an automatic module); on a class path they get a class loader above the runtime's. Both
 * prefer what the engine brings over a plugin's own copy of it. They live as long as the process.
 */
final class PluginFolder {
  private static final Logger LOG = LoggerFactory.getLogger(PluginFolder.class);

  private PluginFolder() {}

  static PluginSource open(Path folder, List<Path> jars) throws IOException {
    ModuleLayer parent = PluginFolder.class.getModule().getLayer();
    return parent == null ? onClassPath(folder, jars) : inLayer(folder, jars, parent);
  }

  @SuppressWarnings("MustBeClosedChecker") // plugins' classes are loaded until the process ends
  private static PluginSource onClassPath(Path folder, List<Path> jars) throws IOException {
    URL[] urls = new URL[jars.size()];
    for (int i = 0; i < urls.length; i++) {
      urls[i] = jars.get(i).toUri().toURL();
    }
    ClassLoader loader =
        new URLClassLoader(
            String.valueOf(folder.getFileName()), urls, PluginFolder.class.getClassLoader());
    return new PluginSource(
        folder.toString(),
        new PluginSource.Services() {
          @Override
          public <P extends Provider> ServiceLoader<P> of(Class<P> service) {
            return ServiceLoader.load(service, loader);
          }
        },
        type -> type.getClassLoader() == loader);
  }

  private static PluginSource inLayer(Path folder, List<Path> jars, ModuleLayer parent) {
    ModuleFinder finder = ModuleFinder.of(jars.toArray(Path[]::new));
    Set<String> names =
        finder.findAll().stream()
            .map(reference -> reference.descriptor().name())
            .filter(name -> parent.findModule(name).isEmpty())
            .collect(Collectors.toSet());
    Configuration configuration = parent.configuration().resolve(ModuleFinder.of(), finder, names);
    ModuleLayer.Controller controller =
        ModuleLayer.defineModulesWithOneLoader(
            configuration, List.of(parent), PluginFolder.class.getClassLoader());
    ModuleLayer layer = controller.layer();
    if (offersBackend(finder)) {
      grantNativeAccess(folder, controller);
    }
    return new PluginSource(
        folder.toString(),
        new PluginSource.Services() {
          @Override
          public <P extends Provider> ServiceLoader<P> of(Class<P> service) {
            return ServiceLoader.load(layer, service);
          }
        },
        type -> layerOf(type) == layer);
  }

  private static @Nullable ModuleLayer layerOf(Class<?> type) {
    return type.getModule().getLayer();
  }

  private static boolean offersBackend(ModuleFinder finder) {
    return finder.findAll().stream()
        .map(ModuleReference::descriptor)
        .flatMap(descriptor -> descriptor.provides().stream())
        .anyMatch(provides -> provides.service().equals(BackendProvider.class.getName()));
  }

  /** Devices are reached through native code: backends, and they alone, may load it. */
  @SuppressWarnings("restricted")
  private static void grantNativeAccess(Path folder, ModuleLayer.Controller controller) {
    if (!PluginFolder.class.getModule().isNativeAccessEnabled()) {
      LOG.warn(
          "the backend in {} gets no native access, because the runtime has none; start Java with"
              + " --enable-native-access={}",
          folder,
          PluginFolder.class.getModule().getName());
      return;
    }
    for (Module module : controller.layer().modules()) {
      controller.enableNativeAccess(module);
      LOG.info("native access granted to {} in {}", module.getName(), folder);
    }
  }
}
