package dev.tenon.engine.runtime.ranks;

import dev.tenon.api.EngineConfig;

/** Starts the processes of a group's other ranks. */
@FunctionalInterface
public interface RankStarter {
  /**
   * Starts ranks 1 and up; they begin to open their devices.
   *
   * @param backend id of the backend to open
   */
  RankProcesses start(EngineConfig config, String backend);

  /** Runs them as this program runs, with another main class. */
  static RankStarter of(Class<?> main) {
    return (config, backend) -> RankProcesses.start(config, backend, RankCommand.of(main));
  }
}
