package dev.tenon.engine.runtime.plugins;

import dev.tenon.spi.Provider;

/**
 * A plugin that can be used.
 *
 * @param provider its entry class
 * @param location jar, folder or run-time image that it was found in
 */
public record Installed<P extends Provider>(P provider, String location) {
  /** The plugin's id. */
  public String id() {
    return provider.id();
  }
}
