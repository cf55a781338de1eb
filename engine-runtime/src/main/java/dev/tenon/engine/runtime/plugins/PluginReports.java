package dev.tenon.engine.runtime.plugins;

import dev.tenon.api.PluginReport;
import dev.tenon.api.PluginReport.Selection;
import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.speculation.SpeculatorProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What is installed, and what would be chosen, for people. */
public final class PluginReports {
  private PluginReports() {}

  /** One report per plugin: backends, models, speculators, tool-call parsers, then what failed. */
  public static List<PluginReport> of(PluginCatalog catalog) {
    List<PluginReport> reports = new ArrayList<>();
    Map<Installed<BackendProvider>, Probe> probes = BackendChoice.probeAll(catalog.backends());
    Installed<BackendProvider> best = BackendChoice.best(probes).orElse(null);
    probes.forEach((backend, probe) -> reports.add(backend(backend, probe, best)));
    catalog
        .models()
        .forEach(model -> reports.add(available(PluginKind.MODEL, model, "reads its checkpoints")));
    for (Installed<SpeculatorProvider> speculator : catalog.speculators()) {
      String methods = String.join(", ", new TreeSet<>(speculator.provider().methods()));
      reports.add(available(PluginKind.SPECULATOR, speculator, "methods " + methods));
    }
    catalog
        .toolParsers()
        .forEach(parser ->
            reports.add(
                available(PluginKind.TOOL_PARSER, parser, "--tool-call-parser " + parser.id())));
    for (Unusable plugin : catalog.unusable()) {
      reports.add(
          new PluginReport(
              plugin.kind(), plugin.id(), plugin.location(), plugin.reason(), Selection.UNUSABLE));
    }
    return reports;
  }

  private static PluginReport backend(
      Installed<BackendProvider> backend, Probe probe, @Nullable Installed<BackendProvider> best) {
    return switch (probe) {
      case Probe.Fit(int score, String description) ->
          new PluginReport(
              PluginKind.BACKEND.label(),
              backend.id(),
              backend.location(),
              "score " + score + ": " + description,
              backend == best ? Selection.CHOSEN : Selection.AVAILABLE);
      case Probe.Unfit(String reason) ->
          new PluginReport(
              PluginKind.BACKEND.label(),
              backend.id(),
              backend.location(),
              reason,
              Selection.UNUSABLE);
    };
  }

  private static PluginReport available(
      PluginKind kind, Installed<? extends Provider> plugin, String state) {
    return new PluginReport(
        kind.label(), plugin.id(), plugin.location(), state, Selection.AVAILABLE);
  }
}
