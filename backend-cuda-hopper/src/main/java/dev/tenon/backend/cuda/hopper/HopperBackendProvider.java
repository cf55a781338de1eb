package dev.tenon.backend.cuda.hopper;

import dev.tenon.backend.cuda.core.CudaBackendProvider;

/** Entry class of the backend for Hopper cards. */
public final class HopperBackendProvider extends CudaBackendProvider {
  /** Does nothing else. */
  public HopperBackendProvider() {
    super("cuda-hopper", "H200, H20 and H100");
  }
}
