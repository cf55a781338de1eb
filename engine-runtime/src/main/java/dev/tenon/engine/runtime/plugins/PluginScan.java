package dev.tenon.engine.runtime.plugins;

import dev.tenon.api.ErrorCode;
import dev.tenon.spi.Provider;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds and checks the plugins of one kind. Whatever goes wrong with one of them is noted, and the
 * others are found all the same.
 */
final class PluginScan<P extends Provider> {
  private static final Logger LOG = LoggerFactory.getLogger(PluginScan.class);
  private static final Pattern ID = Pattern.compile("[a-z0-9_-]{1,64}");
  private static final String RESERVED_PREFIX = "tenon-";
  private static final String OWN_PACKAGES = "dev.tenon.";
  private static final int MOST_FAILURES = 100;

  private final PluginKind kind;
  private final Class<P> service;
  private final Map<String, Installed<P>> usable = new LinkedHashMap<>();
  private final List<Unusable> unusable = new ArrayList<>();

  PluginScan(PluginKind kind, Class<P> service) {
    this.kind = kind;
    this.service = service;
  }

  /** Plugins by id, in the order found. */
  Map<String, Installed<P>> usable() {
    return usable;
  }

  List<Unusable> unusable() {
    return unusable;
  }

  void scan(PluginSource source) {
    Iterator<ServiceLoader.Provider<P>> providers =
        source.services().of(service).stream().iterator();
    for (int failures = 0; failures < MOST_FAILURES; ) {
      try {
        if (!providers.hasNext()) {
          return;
        }
        ServiceLoader.Provider<P> provider = providers.next();
        if (source.holds().test(provider.type())) {
          add(provider);
        }
      } catch (ServiceConfigurationError e) {
        failures++;
        note("?", source.description(), ErrorCode.PLUGIN_INCOMPATIBLE, "is declared wrongly: " + e);
      }
    }
  }

  /** Takes a provider that is at hand, if it is of this kind. */
  void offer(Provider provider, String location) {
    if (service.isInstance(provider)) {
      register(service.cast(provider), provider.getClass().getName(), location);
    }
  }

  private void add(ServiceLoader.Provider<P> found) {
    String type = found.type().getName();
    String location = locationOf(found.type());
    try {
      P provider = found.get();
      // first of all: a plugin for another version may lack everything else
      int version = provider.spiVersion();
      if (version != Provider.SPI_VERSION) {
        note(
            type,
            location,
            ErrorCode.PLUGIN_INCOMPATIBLE,
            "was built for SPI version "
                + version
                + ", this engine has version "
                + Provider.SPI_VERSION
                + "; install the plugin's release for it");
        return;
      }
      register(provider, type, location);
    } catch (ServiceConfigurationError | RuntimeException | LinkageError | StackOverflowError e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      note(type, location, ErrorCode.PLUGIN_INCOMPATIBLE, "cannot be loaded: " + cause);
    }
  }

  private void register(P provider, String type, String location) {
    String id = provider.id();
    if (id == null || !ID.matcher(id).matches()) {
      note(
          type,
          location,
          ErrorCode.PLUGIN_INCOMPATIBLE,
          "has the id '" + id + "'; ids are 1 to 64 lower-case letters, digits, '-' and '_'");
      return;
    }
    if (id.startsWith(RESERVED_PREFIX) && !type.startsWith(OWN_PACKAGES)) {
      note(
          id,
          location,
          ErrorCode.PLUGIN_INCOMPATIBLE,
          "has an id that starts with '" + RESERVED_PREFIX + "', which is reserved");
      return;
    }
    Installed<P> first = usable.putIfAbsent(id, new Installed<>(provider, location));
    if (first != null && first.provider().getClass() != provider.getClass()) {
      note(
          id,
          location,
          ErrorCode.PLUGIN_INCOMPATIBLE,
          "is hidden by the plugin of the same id in " + first.location());
    } else if (first != null && !first.location().equals(location)) {
      note(
          id,
          location,
          ErrorCode.PLUGIN_INCOMPATIBLE,
          "is there twice; the one in " + first.location() + " is used");
    }
  }

  private void note(String id, String location, ErrorCode code, String reason) {
    unusable.add(new Unusable(kind.label(), id, location, code, reason));
    LOG.warn("{} plugin {} in {} {}", kind.label(), id, location, reason);
  }

  private static String locationOf(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return "the run-time image";
    }
    try {
      return Path.of(source.getLocation().toURI()).toString();
    } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
      return source.getLocation().toString();
    }
  }
}
