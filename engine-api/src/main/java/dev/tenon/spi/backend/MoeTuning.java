package dev.tenon.spi.backend;

import dev.tenon.api.TunedRows;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Finds out which tile parameters of a backend's kernels suit its device, and writes them to a file
 * that the backend reads when it is opened later. Called before anything else was packed.
 */
public interface MoeTuning {
  /**
   * Measures and writes.
   *
   * @param blocks one rank's mixtures, all of one shape; as many of them are packed as it takes to
   *     keep the device's caches from answering
   * @param folder where the file goes; it is created where it is missing
   * @param measured told of each number of rows as soon as it is done
   * @return the file
   */
  Path tune(List<MoeWeights> blocks, Path folder, Consumer<TunedRows> measured);
}
