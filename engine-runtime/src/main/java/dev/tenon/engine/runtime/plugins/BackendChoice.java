package dev.tenon.engine.runtime.plugins;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.Probe;
import dev.tenon.spi.backend.BackendProvider;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses a backend: the one that was named, or the one whose probe scores highest. */
public final class BackendChoice {
  private static final Logger LOG = LoggerFactory.getLogger(BackendChoice.class);

  private BackendChoice() {}

  /**
   * The chosen backend.
   *
   * @param backend its plugin
   * @param reason why, for the log
   */
  public record Chosen(Installed<BackendProvider> backend, String reason) {}

  /**
   * Chooses.
   *
   * @param id the backend's id, or {@code null} for the best
   * @throws TenonException {@code PLUGIN_NOT_FOUND} if it is not installed, {@code
   *     DEVICE_UNAVAILABLE} if it, or every one, is unfit here
   */
  public static Chosen choose(PluginCatalog catalog, @Nullable String id) {
    if (id != null) {
      Installed<BackendProvider> named = catalog.backend(id);
      return switch (probe(named.provider())) {
        case Probe.Fit(int score, String description) ->
            new Chosen(named, "named by the configuration: " + description);
        case Probe.Unfit(String reason) ->
            throw new TenonException(
                ErrorCode.DEVICE_UNAVAILABLE, "backend " + id + " cannot run here: " + reason);
      };
    }
    Map<Installed<BackendProvider>, Probe> probes = probeAll(catalog.backends());
    Installed<BackendProvider> best =
        best(probes)
            .orElseThrow(
                () -> new TenonException(codeOfNone(probes), "no backend: " + summary(probes)));
    LOG.debug("backends here: {}", summary(probes));
    return new Chosen(best, "highest score of " + headlines(probes));
  }

  /** The fit backend with the highest score; the first found where equal. */
  static Optional<Installed<BackendProvider>> best(Map<Installed<BackendProvider>, Probe> probes) {
    return probes.entrySet().stream()
        .filter(entry -> entry.getValue() instanceof Probe.Fit)
        .sorted(
            Comparator.comparing(
                entry -> entry.getValue() instanceof Probe.Fit fit ? -fit.score() : 0))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  static Map<Installed<BackendProvider>, Probe> probeAll(
      List<Installed<BackendProvider>> backends) {
    Map<Installed<BackendProvider>, Probe> probes = new LinkedHashMap<>();
    backends.forEach(backend -> probes.put(backend, probe(backend.provider())));
    return probes;
  }

  private static Probe probe(BackendProvider provider) {
    try {
      return provider.probe();
    } catch (RuntimeException | LinkageError e) {
      return new Probe.Unfit("its probe failed, which it never should: " + e);
    }
  }

  private static ErrorCode codeOfNone(Map<Installed<BackendProvider>, Probe> probes) {
    return probes.isEmpty() ? ErrorCode.PLUGIN_NOT_FOUND : ErrorCode.DEVICE_UNAVAILABLE;
  }

  /**
   * One line: the fit with score and description, the unfit by the first clause of their reason.
   */
  private static String headlines(Map<Installed<BackendProvider>, Probe> probes) {
    Map<String, List<String>> unfit = new LinkedHashMap<>();
    List<String> parts = new ArrayList<>();
    probes.forEach((backend, probe) -> {
      switch (probe) {
        case Probe.Fit(int score, String description) ->
            parts.add(backend.id() + " " + score + " (" + description + ")");
        case Probe.Unfit(String reason) ->
            unfit
                .computeIfAbsent(reason.split("[:;]", 2)[0], clause -> new ArrayList<>())
                .add(backend.id());
      }
    });
    unfit.forEach((clause, ids) -> parts.add(String.join(", ", ids) + " unfit (" + clause + ")"));
    return String.join("; ", parts);
  }

  private static String summary(Map<Installed<BackendProvider>, Probe> probes) {
    if (probes.isEmpty()) {
      return "none is installed; add one to the module path, the class path or plugins/<name>/,"
          + " e.g. dev.tenon:backend-cpu";
    }
    return probes.entrySet().stream()
        .map(entry ->
            entry.getKey().id()
                + switch (entry.getValue()) {
                  case Probe.Fit(int score, String description) ->
                      " " + score + " (" + description + ")";
                  case Probe.Unfit(String reason) -> " unfit (" + reason + ")";
                })
        .collect(Collectors.joining(", "));
  }
}
