package dev.tenon.backend.cuda.blackwell;

import dev.tenon.backend.cuda.core.CudaBackendProvider;
import dev.tenon.backend.cuda.core.CudaGeneration;

/** Entry class of the backend for Blackwell cards. */
public final class BlackwellBackendProvider extends CudaBackendProvider {
  /** Does nothing else. */
  public BlackwellBackendProvider() {
    super(
        "cuda-blackwell",
        new CudaGeneration(
            "B200 (compute capability 10.0)",
            "sm_100a",
            capability -> capability == 100 ? 100 : 0));
  }
}
