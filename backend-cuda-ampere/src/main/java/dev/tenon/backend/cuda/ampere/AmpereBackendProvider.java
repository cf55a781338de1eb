package dev.tenon.backend.cuda.ampere;

import dev.tenon.backend.cuda.core.CudaBackendProvider;
import dev.tenon.backend.cuda.core.CudaGeneration;

/**
 * Entry class of the backend for Ampere cards.
 *
 * <p>Its kernels also exist as PTX, which the driver compiles for cards that came later: they run
 * there, at a lower score than kernels made for them.
 */
public final class AmpereBackendProvider extends CudaBackendProvider {
  /** Does nothing else. */
  public AmpereBackendProvider() {
    super(
        "cuda-ampere",
        new CudaGeneration(
            "A100, A800 and later cards (compute capability 8.0 or more)",
            "sm_80",
            capability -> capability < 80 ? 0 : capability < 90 ? 100 : 50));
  }
}
