package dev.tenon.backend.cuda.emulated;

import dev.tenon.backend.cuda.core.CudaBackendProvider;
import dev.tenon.backend.cuda.core.CudaGeneration;

/** The CUDA backend on kernels that run thread by thread on the host. */
public final class EmulatedBackendProvider extends CudaBackendProvider {
  /** Does nothing else. */
  public EmulatedBackendProvider() {
    super("cuda-emulated", new CudaGeneration("emulated cards", "emulated", capability -> 1));
  }
}
