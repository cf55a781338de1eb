package dev.tenon.engine.runtime.plugins;

import dev.tenon.spi.Provider;
import java.util.ServiceLoader;
import java.util.function.Predicate;

/**
 * A place where plugins are looked for.
 *
 * @param description for people
 * @param services finds the providers of an interface that are visible from the place
 * @param holds whether a provider's class belongs to the place, and not to one before it
 */
record PluginSource(String description, Services services, Predicate<Class<?>> holds) {
  /** Looks for providers. */
  @FunctionalInterface
  interface Services {
    /** All providers of an interface. */
    <P extends Provider> ServiceLoader<P> of(Class<P> service);
  }
}
