package dev.tenon.spi.backend;

import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;
import java.util.List;

/** Entry class of a hardware backend. Thread-safe. */
public interface BackendProvider extends Provider {
  /** Whether it can run on this machine. Cheap, never throws, loads no large library. */
  Probe probe();

  /** Where the ranks of a group run. */
  RankPlacement rankPlacement();

  /**
   * Opens a device or a group of ranks.
   *
   * @return one backend per rank where ranks are threads, in rank order; exactly one, of {@link
   *     BackendOptions#rank()}, where ranks are processes
   * @throws dev.tenon.api.TenonException {@code DEVICE_UNAVAILABLE} or {@code
   *     INVALID_CONFIGURATION} before anything of size was allocated
   */
  List<Backend> open(BackendOptions options);
}
