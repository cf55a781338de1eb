package dev.tenon.backend.cuda.ampere;

import dev.tenon.backend.cuda.core.CudaBackendProvider;

/** Entry class of the backend for Ampere cards. */
public final class AmpereBackendProvider extends CudaBackendProvider {
  /** Does nothing else. */
  public AmpereBackendProvider() {
    super("cuda-ampere", "A100 and A800");
  }
}
