package dev.tenon.engine.runtime.plugins;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/** Builds plugins' jars from sources, as a third party would. */
final class PluginJar {
  private final Path work;
  private final Map<String, String> sources = new LinkedHashMap<>();
  private final Map<String, String> services = new LinkedHashMap<>();

  PluginJar(Path work) {
    this.work = work;
  }

  /** The example that the project ships. */
  static Path example(Path work) {
    Path project = Path.of("..", "examples", "plugin-ngram-speculator", "src", "main");
    try (Stream<Path> files = Files.walk(project)) {
      PluginJar jar = new PluginJar(work);
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file);
        String name = file.toString();
        if (name.endsWith(".java")) {
          jar.source(project.resolve("java").relativize(file).toString(), text);
        } else {
          jar.service(String.valueOf(file.getFileName()), text);
        }
      }
      return jar.build("ngram.jar");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  PluginJar source(String path, String text) {
    sources.put(path, text);
    return this;
  }

  PluginJar service(String type, String provider) {
    services.put(type, provider);
    return this;
  }

  Path build(String name) {
    try {
      Path root = Files.createTempDirectory(work, "plugin");
      Path classes = Files.createDirectories(root.resolve("classes"));
      List<String> arguments = new ArrayList<>(List.of("-nowarn", "-d", classes.toString()));
      boolean modular = sources.containsKey("module-info.java");
      arguments.addAll(List.of(modular ? "-p" : "-cp", System.getProperty("jdk.module.path", "")));
      if (arguments.getLast().isEmpty()) {
        arguments.set(arguments.size() - 1, System.getProperty("java.class.path"));
      }
      for (Map.Entry<String, String> source : sources.entrySet()) {
        Path file = root.resolve("src").resolve(source.getKey());
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        arguments.add(Files.writeString(file, source.getValue()).toString());
      }
      run("javac", arguments.toArray(String[]::new));
      for (Map.Entry<String, String> service : services.entrySet()) {
        Path file = classes.resolve("META-INF/services").resolve(service.getKey());
        Files.createDirectories(classes.resolve("META-INF/services"));
        Files.writeString(file, service.getValue());
      }
      Path jar = root.resolve(name);
      run("jar", "-c", "-f", jar.toString(), "-C", classes.toString(), ".");
      return jar;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(String tool, String... arguments) {
    int status = ToolProvider.findFirst(tool).orElseThrow().run(System.out, System.err, arguments);
    assertThat(status).as("%s %s", tool, List.of(arguments)).isZero();
  }
}
