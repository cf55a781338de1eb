package dev.tenon.engine.runtime.plugins;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.Provider;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.model.ModelProvider;
import dev.tenon.spi.speculation.SpeculatorProvider;
import dev.tenon.spi.toolcall.ToolParserProvider;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All plugins that are installed. Immutable once found. */
public final class PluginCatalog {
  private final PluginScan<BackendProvider> backends =
      new PluginScan<>(PluginKind.BACKEND, BackendProvider.class);
  private final PluginScan<ModelProvider> models =
      new PluginScan<>(PluginKind.MODEL, ModelProvider.class);
  private final PluginScan<SpeculatorProvider> speculators =
      new PluginScan<>(PluginKind.SPECULATOR, SpeculatorProvider.class);
  private final PluginScan<ToolParserProvider> toolParsers =
      new PluginScan<>(PluginKind.TOOL_PARSER, ToolParserProvider.class);

  private final List<Unusable> folders = new ArrayList<>();

  private PluginCatalog() {}

  /**
   * Finds the plugins of the module path, the class path and a plugin folder.
   *
   * @param pluginFolder holds {@code <name>/*.jar}; {@code null} is none
   * @throws TenonException {@code INVALID_CONFIGURATION} if the folder cannot be listed
   */
  public static PluginCatalog find(@Nullable Path pluginFolder) {
    PluginCatalog catalog = new PluginCatalog();
    for (PluginSource source : PluginSources.of(pluginFolder, catalog.folders::add)) {
      catalog.scans().forEach(scan -> scan.scan(source));
    }
    return catalog;
  }

  /** A catalog of plugins that are at hand, instead of those installed. */
  public static PluginCatalog of(List<? extends Provider> providers) {
    PluginCatalog catalog = new PluginCatalog();
    for (Provider provider : providers) {
      catalog.scans().forEach(scan -> scan.offer(provider, "this process"));
    }
    return catalog;
  }

  private Stream<PluginScan<?>> scans() {
    return Stream.of(backends, models, speculators, toolParsers);
  }

  /** The backends, in the order found. */
  public List<Installed<BackendProvider>> backends() {
    return List.copyOf(backends.usable().values());
  }

  /** The models, in the order found. */
  public List<Installed<ModelProvider>> models() {
    return List.copyOf(models.usable().values());
  }

  List<Installed<SpeculatorProvider>> speculators() {
    return List.copyOf(speculators.usable().values());
  }

  List<Installed<ToolParserProvider>> toolParsers() {
    return List.copyOf(toolParsers.usable().values());
  }

  List<Unusable> unusable() {
    List<Unusable> all = new ArrayList<>(folders);
    scans().forEach(scan -> all.addAll(scan.unusable()));
    return all;
  }

  /**
   * A backend by its id.
   *
   * @throws TenonException {@code PLUGIN_NOT_FOUND} or {@code PLUGIN_INCOMPATIBLE}
   */
  public Installed<BackendProvider> backend(String id) {
    return byId(backends, PluginKind.BACKEND, id);
  }

  /**
   * A tool-call parser by its id.
   *
   * @throws TenonException {@code PLUGIN_NOT_FOUND} or {@code PLUGIN_INCOMPATIBLE}
   */
  public ToolParserProvider toolParser(String id) {
    return byId(toolParsers, PluginKind.TOOL_PARSER, id).provider();
  }

  /**
   * A speculator by its id or by one of its methods' names.
   *
   * @throws TenonException {@code PLUGIN_NOT_FOUND} or {@code PLUGIN_INCOMPATIBLE}
   */
  public SpeculatorProvider speculator(String method) {
    for (Installed<SpeculatorProvider> installed : speculators.usable().values()) {
      if (installed.provider().methods().contains(method)) {
        return installed.provider();
      }
    }
    Installed<SpeculatorProvider> installed = speculators.usable().get(method);
    if (installed != null) {
      return installed.provider();
    }
    String methods =
        speculators.usable().values().stream()
            .flatMap(s -> s.provider().methods().stream())
            .sorted()
            .collect(Collectors.joining(", "));
    throw missing(PluginKind.SPECULATOR, method, speculators.unusable(), methods);
  }

  private static <P extends Provider> Installed<P> byId(
      PluginScan<P> scan, PluginKind kind, String id) {
    Map<String, Installed<P>> usable = scan.usable();
    Installed<P> installed = usable.get(id.toLowerCase(Locale.ROOT));
    if (installed == null) {
      throw missing(kind, id, scan.unusable(), String.join(", ", usable.keySet()));
    }
    return installed;
  }

  private static TenonException missing(
      PluginKind kind, String id, List<Unusable> unusable, String installed) {
    for (Unusable plugin : unusable) {
      if (plugin.id().equals(id)) {
        return new TenonException(
            plugin.code(),
            kind.label() + " " + id + " in " + plugin.location() + " " + plugin.reason());
      }
    }
    String broken =
        unusable.isEmpty()
            ? ""
            : "; left out: "
                + unusable.stream()
                    .map(plugin -> plugin.id() + " (" + plugin.reason() + ")")
                    .collect(Collectors.joining(", "));
    return new TenonException(
        ErrorCode.PLUGIN_NOT_FOUND,
        "no "
            + kind.label()
            + " '"
            + id
            + "' is installed; installed: "
            + (installed.isEmpty() ? "none" : installed)
            + broken
            + "; add the plugin's jar to the module path, the class path or plugins/<name>/");
  }
}
