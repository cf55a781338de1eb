package dev.tenon.spi.backend;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a backend is opened with.
 *
 * @param ranks size of the tensor-parallel group, ≥ 1
 * @param rank this process's rank where ranks are processes; 0 otherwise
 * @param rendezvous a folder through which the processes of a group find each other, empty when the
 *     first comes, and theirs alone; "" where there is one process
 * @param threads worker threads in all, for CPU backends; {@code null} is one per core
 * @param memoryUtilization share of the device's memory to use, in (0, 1]
 * @param options the backend's own options by name; unknown names are refused
 */
public record BackendOptions(
    int ranks,
    int rank,
    String rendezvous,
    @Nullable Integer threads,
    double memoryUtilization,
    Map<String, String> options) {

  /** One rank with the defaults. */
  public static BackendOptions single() {
    return new BackendOptions(1, 0, "", null, 0.9, Map.of());
  }
}
