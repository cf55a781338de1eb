package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import java.util.Map;

/** Opens one-rank backends. */
final class TestBackends {
  private TestBackends() {}

  static Backend vector() {
    return open(Map.of());
  }

  static Backend scalar() {
    return open(Map.of(CpuBackendProvider.KERNELS, "scalar"));
  }

  private static Backend open(Map<String, String> options) {
    return new CpuBackendProvider().open(new BackendOptions(1, 0, "", 3, 0.9, options)).getFirst();
  }
}
