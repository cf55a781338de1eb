package dev.tenon.engine.runtime.plugins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.PluginReport;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginCatalogTest {
  private static final String TOOL_PARSER = "dev.tenon.spi.toolcall.ToolParserProvider";
  private static final String BACKEND = "dev.tenon.spi.backend.BackendProvider";

  @TempDir Path work;

  @Test
  void findsGoodPluginsBesideBrokenOnes() throws IOException {
    install(
        "a-throws", parser("Throws", "throws", "1", "throw new IllegalStateException(\"no\");"));
    install("b-good", parser("Good", "good", "1", ""));
    install(
        "c-missing",
        new PluginJar(work)
            .source("c/Empty.java", "package c; class Empty {}")
            .service(TOOL_PARSER, "c.Absent"));
    Path damaged = Files.createDirectories(folder().resolve("d-damaged"));
    Files.writeString(damaged.resolve("d.jar"), "this is no jar");
    Files.createDirectories(folder().resolve("e-empty"));
    install("z-good", parser("Last", "last", "1", ""));

    PluginCatalog catalog = PluginCatalog.find(folder());
    assertThat(catalog.toolParsers()).extracting(Installed::id).containsExactly("good", "last");
    assertThat(catalog.unusable())
        .anySatisfy(plugin -> {
          assertThat(plugin.id()).isEqualTo("x.Throws");
          assertThat(plugin.reason()).contains("cannot be loaded", "no");
          assertThat(plugin.location()).endsWith("a-throws/plugin.jar");
        });
  }

  @Test
  void refusesAnotherSpiVersionWithBothNumbers() throws IOException {
    install("old", parser("Old", "old", "7", ""));
    PluginCatalog catalog = PluginCatalog.find(folder());
    assertThat(catalog.toolParsers()).isEmpty();
    assertThat(catalog.unusable().getFirst().reason()).contains("version 7", "version 1");
  }

  @Test
  void refusesIdsThatAreMalformedOrReserved() throws IOException {
    install("a", parser("Upper", "UpperCase", "1", ""));
    install("b", parser("Reserved", "tenon-own", "1", ""));
    install("c", parser("Empty", "", "1", ""));
    PluginCatalog catalog = PluginCatalog.find(folder());
    assertThat(catalog.toolParsers()).isEmpty();
    assertThat(catalog.unusable())
        .extracting(Unusable::reason)
        .satisfiesExactlyInAnyOrder(
            reason -> assertThat(reason).contains("'UpperCase'", "lower-case"),
            reason -> assertThat(reason).contains("'tenon-'", "reserved"),
            reason -> assertThat(reason).contains("''"));
  }

  @Test
  void theFirstOfEqualIdsWins() throws IOException {
    install("a", parser("First", "same", "1", ""));
    install("b", parser("Second", "same", "1", ""));
    PluginCatalog catalog = PluginCatalog.find(folder());
    assertThat(catalog.toolParsers()).hasSize(1);
    assertThat(catalog.toolParsers().getFirst().location()).endsWith("a/plugin.jar");
    assertThat(catalog.unusable().getFirst().location()).endsWith("b/plugin.jar");
    assertThat(catalog.unusable().getFirst().reason()).contains("same id", "a/plugin.jar");
  }

  @Test
  void lookUpsNameWhatIsInstalledAndWhatIsNot() throws IOException {
    install("a", parser("Good", "good", "1", ""));
    install("b", parser("Old", "old", "7", ""));
    PluginCatalog catalog = PluginCatalog.find(folder());
    assertThat(catalog.toolParser("good").id()).isEqualTo("good");
    assertThatThrownBy(() -> catalog.toolParser("hermes"))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PLUGIN_NOT_FOUND))
        .hasMessageContainingAll("'hermes'", "installed: good", "version 7", "plugins/<name>/");
    assertThatThrownBy(() -> catalog.speculator("mtp"))
        .hasMessageContainingAll("'mtp'", "installed: none");
    assertThatThrownBy(() -> BackendChoice.choose(catalog, null))
        .hasMessageContainingAll("no backend", "backend-cpu");
  }

  @Test
  void speculatorsAreFoundByTheirMethods() throws IOException {
    Path own = Files.createDirectories(folder().resolve("ngram"));
    Files.copy(PluginJar.example(work), own.resolve("ngram.jar"));
    PluginCatalog catalog = PluginCatalog.find(folder());
    assertThat(catalog.speculator("ngram").methods()).containsExactly("ngram");
  }

  @Test
  void theHighestScoreIsChosenUnlessAnotherIsNamed() throws IOException {
    install("a", backend("Low", "low", "new Probe.Fit(3, \"slow\")"));
    install("b", backend("High", "high", "new Probe.Fit(30, \"quick\")"));
    install("c", backend("Unfit", "unfit", "new Probe.Unfit(\"no driver: looked in a, b\")"));
    install("d", backend("Rude", "rude", "null; if (true) throw new RuntimeException(\"oops\")"));
    PluginCatalog catalog = PluginCatalog.find(folder());
    BackendChoice.Chosen best = BackendChoice.choose(catalog, null);
    assertThat(best.backend().id()).isEqualTo("high");
    assertThat(best.reason())
        .contains("low 3 (slow)", "high 30 (quick)", "unfit unfit (no driver)", "rude unfit (its")
        .doesNotContain("looked in");
    assertThat(BackendChoice.choose(catalog, "low").backend().id()).isEqualTo("low");
    assertThatThrownBy(() -> BackendChoice.choose(catalog, "unfit"))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DEVICE_UNAVAILABLE))
        .hasMessageContainingAll("unfit", "no driver");
    assertThat(PluginReports.of(catalog))
        .filteredOn(report -> report.kind().equals("backend"))
        .extracting(PluginReport::id, PluginReport::selection)
        .containsExactly(
            tuple("low", PluginReport.Selection.AVAILABLE),
            tuple("high", PluginReport.Selection.CHOSEN),
            tuple("unfit", PluginReport.Selection.UNUSABLE),
            tuple("rude", PluginReport.Selection.UNUSABLE));
  }

  @Test
  void refusesAPluginFolderThatIsNotThere() {
    assertThatThrownBy(() -> PluginCatalog.find(work.resolve("nowhere")))
        .isInstanceOfSatisfying(
            TenonException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
        .hasMessageContainingAll("nowhere", "<name>/");
  }

  private Path folder() throws IOException {
    return Files.createDirectories(work.resolve("plugins"));
  }

  private void install(String name, PluginJar jar) throws IOException {
    Path own = Files.createDirectories(folder().resolve(name));
    Files.copy(jar.build("plugin.jar"), own.resolve("plugin.jar"));
  }

  private PluginJar parser(String type, String id, String version, String constructor) {
    String source =
        """
        package x;
        public class %s implements dev.tenon.spi.toolcall.ToolParserProvider {
          public %s() { %s }
          public String id() { return "%s"; }
          public int spiVersion() { return %s; }
          public dev.tenon.spi.toolcall.ToolParserSession open() { return null; }
        }
        """;
    return new PluginJar(work)
        .source(
            "x/" + type + ".java",
            String.format(Locale.ROOT, source, type, type, constructor, id, version))
        .service(TOOL_PARSER, "x." + type);
  }

  private PluginJar backend(String type, String id, String probe) {
    String source =
        """
        package x;
        import dev.tenon.spi.Probe;
        import dev.tenon.spi.backend.*;
        public class %s implements BackendProvider {
          public String id() { return "%s"; }
          public int spiVersion() { return SPI_VERSION; }
          public Probe probe() { Probe probe = %s; return probe; }
          public RankPlacement rankPlacement() { return RankPlacement.THREADS; }
          public java.util.List<Backend> open(BackendOptions options) { return null; }
        }
        """;
    return new PluginJar(work)
        .source("x/" + type + ".java", String.format(Locale.ROOT, source, type, id, probe))
        .service(BACKEND, "x." + type);
  }
}
