package dev.tenon.backend.cpu;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.backend.RankPlacement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import jdk.incubator.vector.FloatVector;

/** Entry class of the CPU backend. It always fits, with the lowest score. */
public final class CpuBackendProvider implements BackendProvider {
  /** Option that selects the kernels: {@code vector} (the default) or {@code scalar}. */
  public static final String KERNELS = "kernels";

  private static final int SCORE = 10;

  /** Options with their values; those with one value say what this backend always does. */
  private static final Map<String, List<String>> OFFERED =
      Map.of(
          KERNELS, List.of("vector", "scalar"),
          "execution", List.of("eager"),
          "recurrent-state", List.of("f32"));

  /** What others let choose. */
  private static final Map<String, String> FIXED =
      Map.of(
          "execution",
          "the CPU backend runs operation by operation; leave the option out",
          "kv-cache",
          "the CPU backend keeps keys and values in f32; leave --kv-cache-dtype out",
          "recurrent-state",
          "the CPU backend keeps recurrent states in f32; leave --mamba-ssm-cache-dtype out");

  /** Does nothing. */
  public CpuBackendProvider() {}

  @Override
  public String id() {
    return "cpu";
  }

  @Override
  public int spiVersion() {
    return Provider.SPI_VERSION;
  }

  @Override
  public Probe probe() {
    return new Probe.Fit(
        SCORE,
        Runtime.getRuntime().availableProcessors()
            + " cores, "
            + FloatVector.SPECIES_PREFERRED.vectorBitSize()
            + "-bit vectors");
  }

  @Override
  public RankPlacement rankPlacement() {
    return RankPlacement.THREADS;
  }

  @Override
  public List<Backend> open(BackendOptions options) {
    options.options().forEach(CpuBackendProvider::check);
    int cores = Runtime.getRuntime().availableProcessors();
    int threads = options.threads() == null ? cores : options.threads();
    if (threads < 1 || options.ranks() < 1) {
      throw TenonException.of(
          ErrorCode.INVALID_CONFIGURATION,
          "threads",
          threads + " threads for " + options.ranks() + " ranks; give at least one of each");
    }
    boolean scalar = "scalar".equals(options.options().get(KERNELS));
    RankGroup group = new RankGroup(options.ranks());
    List<Backend> ranks = new ArrayList<>();
    int perRank = Math.max(1, threads / options.ranks());
    for (int rank = 0; rank < options.ranks(); rank++) {
      WorkerPool workers = new WorkerPool(perRank, perRank * options.ranks(), "tenon-cpu-" + rank);
      Kernels kernels = scalar ? new ScalarKernels() : new VectorKernels(workers);
      ranks.add(new CpuBackend(rank, group, workers, kernels, options.memoryUtilization()));
    }
    return ranks;
  }

  private static void check(String name, String value) {
    List<String> values = OFFERED.get(name);
    if (values == null || !values.contains(value)) {
      String reason =
          FIXED.getOrDefault(
              name,
              "the CPU backend has no option "
                  + name
                  + "="
                  + value
                  + "; it knows "
                  + KERNELS
                  + "=vector and "
                  + KERNELS
                  + "=scalar");
      throw TenonException.of(ErrorCode.INVALID_CONFIGURATION, name, reason);
    }
  }
}
