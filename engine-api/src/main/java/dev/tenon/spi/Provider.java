package dev.tenon.spi;

/**
 * What every plugin's entry class is. Found by {@link java.util.ServiceLoader} on the module path,
 * on the class path and in the plugin folder, so it is public, has a public constructor without
 * parameters, and does nothing in it.
 */
public interface Provider {
  /** Version of these interfaces; a plugin built for another one is refused with both numbers. */
  int SPI_VERSION = 1;

  /**
   * Stable name, unique among plugins of its kind: lower-case ASCII letters, digits, {@code -} and
   * {@code _}. Ids that start with {@code tenon-} are reserved.
   */
  String id();

  /** The {@link #SPI_VERSION} that the plugin was compiled against. */
  int spiVersion();
}
