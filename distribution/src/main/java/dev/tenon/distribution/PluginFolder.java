package dev.tenon.distribution;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The image's own plugin folder. */
final class PluginFolder {
  private PluginFolder() {}

  /** {@code plugins/} beside {@code lib/}, or {@code null} when not run from an image. */
  static @Nullable Path ofImage() {
    String home = System.getProperty("tenon.home");
    return home == null ? null : Path.of(home, "plugins");
  }
}
