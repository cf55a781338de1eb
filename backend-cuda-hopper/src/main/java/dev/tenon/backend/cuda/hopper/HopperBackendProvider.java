package dev.tenon.backend.cuda.hopper;

import dev.tenon.backend.cuda.core.CudaBackendProvider;
import dev.tenon.backend.cuda.core.CudaGeneration;

/** Entry class of the backend for Hopper cards. */
public final class HopperBackendProvider extends CudaBackendProvider {
  /** Does nothing else. */
  public HopperBackendProvider() {
    super(
        "cuda-hopper",
        new CudaGeneration(
            "H200, H20 and H100 (compute capability 9.0)",
            "sm_90a",
            capability -> capability == 90 ? 100 : 0));
  }
}
