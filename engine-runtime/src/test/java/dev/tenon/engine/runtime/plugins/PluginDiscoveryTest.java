package dev.tenon.engine.runtime.plugins;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One third-party jar, dropped in each of the places where plugins are found. */
class PluginDiscoveryTest {
  private static final String LISTING =
      """
      public class Listing {
        public static void main(String[] arguments) {
          var folder = arguments.length == 0 ? null : java.nio.file.Path.of(arguments[0]);
          for (var report : dev.tenon.api.EngineFactory.installed().plugins(folder)) {
            System.out.println(report.kind() + " " + report.id() + " " + report.selection()
                + " " + report.location());
          }
        }
      }
      """;

  @TempDir static Path work;
  private static Path plugin = Path.of("");
  private static Path listing = Path.of("");

  @BeforeAll
  static void build() throws IOException {
    plugin = PluginJar.example(work);
    listing = new PluginJar(work).source("Listing.java", LISTING).build("listing.jar");
  }

  @Test
  void isFoundOnTheModulePath() throws Exception {
    assertThat(
            java(
                "-p",
                join(engine(), plugin.toString()),
                "--add-modules",
                "ALL-MODULE-PATH",
                "-cp",
                listing.toString(),
                "Listing"))
        .containsExactly("speculator ngram AVAILABLE " + plugin);
  }

  @Test
  void isFoundOnTheClassPath() throws Exception {
    assertThat(java("-cp", join(engine(), plugin.toString(), listing.toString()), "Listing"))
        .containsExactly("speculator ngram AVAILABLE " + plugin);
  }

  @Test
  void isFoundOnTheClassPathBesideAnEngineOnTheModulePath() throws Exception {
    assertThat(
            java(
                "-p",
                engine(),
                "--add-modules",
                "ALL-MODULE-PATH",
                "-cp",
                join(listing.toString(), plugin.toString()),
                "Listing"))
        .containsExactly("speculator ngram AVAILABLE " + plugin);
  }

  @Test
  void isFoundInThePluginFolderOfAnEngineOnTheModulePath() throws Exception {
    Path folder = pluginFolder();
    assertThat(
            java(
                "--illegal-native-access=deny",
                "-p",
                engine(),
                "--add-modules",
                "ALL-MODULE-PATH",
                "-cp",
                listing.toString(),
                "Listing",
                folder.toString()))
        .containsExactly("speculator ngram AVAILABLE " + folder.resolve("ngram/ngram.jar"));
  }

  @Test
  void isFoundInThePluginFolderOfAnEngineOnTheClassPath() throws Exception {
    Path folder = pluginFolder();
    assertThat(java("-cp", join(engine(), listing.toString()), "Listing", folder.toString()))
        .containsExactly("speculator ngram AVAILABLE " + folder.resolve("ngram/ngram.jar"));
  }

  @Test
  void theFirstPlaceWinsAndTheOtherIsReported() throws Exception {
    Path folder = pluginFolder();
    assertThat(
            java(
                "-cp",
                join(engine(), plugin.toString(), listing.toString()),
                "Listing",
                folder.toString()))
        .contains("speculator ngram AVAILABLE " + plugin);
  }

  @Test
  void backendsInThePluginFolderGetTheNativeAccessThatTheRuntimeHas() throws Exception {
    Path folder = pluginFolder();
    String source =
        """
        package x;
        import dev.tenon.spi.Probe;
        import dev.tenon.spi.backend.*;
        public class Native implements BackendProvider {
          public String id() { return "native"; }
          public int spiVersion() { return SPI_VERSION; }
          public Probe probe() {
            boolean other = getClass().getModule().getLayer() != null
                && getClass().getModule().isNativeAccessEnabled();
            return new Probe.Fit(1, "native " + other);
          }
          public RankPlacement rankPlacement() { return RankPlacement.PROCESSES; }
          public java.util.List<Backend> open(BackendOptions options) { return null; }
        }
        """;
    Path jar =
        new PluginJar(work)
            .source("x/Native.java", source)
            .service("dev.tenon.spi.backend.BackendProvider", "x.Native")
            .build("device.jar");
    Files.copy(jar, Files.createDirectories(folder.resolve("native")).resolve("device.jar"));
    String states = LISTING.replace("+ \" \" + report.location()", "+ \" \" + report.state()");
    Path stateListing = new PluginJar(work).source("Listing.java", states).build("states.jar");
    List<String> shared =
        List.of(
            "--illegal-native-access=deny",
            "-p",
            engine(),
            "--add-modules",
            "ALL-MODULE-PATH",
            "-cp",
            stateListing.toString(),
            "Listing",
            folder.toString());
    List<String> granted = new ArrayList<>(shared);
    granted.addFirst("--enable-native-access=dev.tenon.engine.runtime");
    assertThat(java(granted.toArray(String[]::new)))
        .contains("backend native CHOSEN score 1: native true");
    assertThat(java(shared.toArray(String[]::new)))
        .contains("backend native CHOSEN score 1: native false");
  }

  private static Path pluginFolder() throws IOException {
    Path folder = Files.createTempDirectory(work, "with spaces");
    Path own = Files.createDirectories(folder.resolve("ngram"));
    Files.copy(plugin, own.resolve("ngram.jar"));
    return folder;
  }

  /** The engine's own jars and class folders, as the tests run with them. */
  private static String engine() {
    String path = System.getProperty("jdk.module.path", System.getProperty("java.class.path"));
    List<String> parts = new ArrayList<>();
    for (String part : path.split(File.pathSeparator)) {
      boolean needed =
          Stream.of("engine-runtime", "engine-api", "json-values", "jackson", "slf4j-api")
              .anyMatch(part::contains);
      if (needed && !part.contains("test-classes")) {
        parts.add(part);
      }
    }
    assertThat(parts).hasSizeGreaterThanOrEqualTo(6);
    return String.join(File.pathSeparator, parts);
  }

  private static String join(String... parts) {
    return String.join(File.pathSeparator, parts);
  }

  private static List<String> java(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(List.of(arguments));
    Path errors = Files.createTempFile(work, "errors", ".txt");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
    return output.lines().toList();
  }
}
