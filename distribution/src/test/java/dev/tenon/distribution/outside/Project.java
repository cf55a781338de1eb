package dev.tenon.distribution.outside;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Where the parts of the built project are, and what its modules say about themselves. */
final class Project {
  /** Top folder of the checkout. */
  static final Path ROOT = root();

  /** The packaged image: {@code bin}, {@code conf}, {@code lib}, {@code plugins}. */
  static final Path IMAGE = ROOT.resolve("distribution/target/tenon");

  private Project() {}

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      Path parent = folder.getParent();
      if (parent == null) {
        throw new IllegalStateException("no folder above the tests holds mvnw");
      }
      folder = parent;
    }
    return folder;
  }

  /** Everything on the module path of the image. */
  static List<ModuleReference> modulePath() {
    return ModuleFinder.of(IMAGE.resolve("lib")).findAll().stream()
        .sorted(Comparator.comparing((ModuleReference m) -> m.descriptor().name()))
        .toList();
  }

  /** The project's own modules on that path. */
  static List<ModuleReference> ownModules() {
    return modulePath().stream()
        .filter(module -> module.descriptor().name().startsWith("dev.tenon."))
        .toList();
  }

  /** Names of the project's modules that provide a plugin. */
  static Set<String> plugins() {
    return ownModules().stream()
        .map(ModuleReference::descriptor)
        .filter(Project::isPlugin)
        .map(ModuleDescriptor::name)
        .collect(Collectors.toSet());
  }

  private static boolean isPlugin(ModuleDescriptor descriptor) {
    return descriptor.provides().stream()
        .anyMatch(provided -> provided.service().startsWith("dev.tenon.spi."));
  }

  /** Names that a module requires, at run time or only when compiled. */
  static Set<String> required(ModuleDescriptor descriptor) {
    return descriptor.requires().stream()
        .map(ModuleDescriptor.Requires::name)
        .collect(Collectors.toSet());
  }

  /** Lines of a file of the tests' resources, without comments and blank lines. */
  static List<String> listed(String resource) {
    Path file = ROOT.resolve("distribution/src/test/resources/outside").resolve(resource);
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .map(line -> line.replaceFirst("#.*", "").strip())
          .filter(l -> !l.isEmpty())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
