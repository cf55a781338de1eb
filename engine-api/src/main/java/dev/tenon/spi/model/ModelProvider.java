package dev.tenon.spi.model;

import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;

/** Entry class of a model family. Thread-safe. */
public interface ModelProvider extends Provider {
  /** Whether it can read this checkpoint, judged by its config. Cheap, never throws. */
  Probe recognise(Checkpoint checkpoint);

  /**
   * Reads the config, and checks it.
   *
   * @throws dev.tenon.api.TenonException {@code INVALID_CHECKPOINT} or {@code UNSUPPORTED}, naming
   *     the key, its value and what would be right
   */
  ModelArchitecture describe(Checkpoint checkpoint);
}
