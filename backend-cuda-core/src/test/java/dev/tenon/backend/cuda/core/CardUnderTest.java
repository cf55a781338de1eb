package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cpu.CpuBackendProvider;
import dev.tenon.backend.cuda.core.tuning.TunedMoeSearch;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.BackendProvider;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * Opens backends for the contracts: one on emulated kernels, or the installed one that the system
 * property {@code tenon.test.backend} names, and one that computes by definition.
 */
final class CardUnderTest {
  /** What rounding to bf16 between operations may move a logit by, of the greatest of its row. */
  static final double BOUND = 0.04;

  private static boolean loaded;

  private CardUnderTest() {}

  static Backend open() {
    String id = System.getProperty("tenon.test.backend");
    return id == null ? emulated() : installed(id);
  }

  private static Backend installed(String id) {
    BackendProvider provider =
        ServiceLoader.load(BackendProvider.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(known -> known.id().equals(id))
            .findFirst()
            .orElseThrow();
    return provider.open(BackendOptions.single()).getFirst();
  }

  private static synchronized Backend emulated() {
    try {
      EmulatedParts parts = EmulatedParts.built();
      if (!loaded) {
        System.load(parts.bridge().toString());
        NativeCuda.open(parts.driver().toString());
        loaded = true;
      }
      BackendOptions options = BackendOptions.single();
      Card card = new Card(0, "emulated", 90, 4, 1L << 34);
      return CudaBackend.open(
          card,
          parts.kernels(),
          options,
          CudaOptions.of(options),
          TunedMoeSearch.in(Map.of(), card.name(), CardUnderTest.class));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  static Backend definition() {
    Map<String, String> scalar = Map.of(CpuBackendProvider.KERNELS, "scalar");
    return new CpuBackendProvider().open(new BackendOptions(1, 0, "", 2, 0.9, scalar)).getFirst();
  }
}
