package dev.tenon.backend.cuda.blackwell;

import dev.tenon.backend.cuda.core.CudaBackendProvider;

/** Entry class of the backend for Blackwell cards. */
public final class BlackwellBackendProvider extends CudaBackendProvider {
  /** Does nothing else. */
  public BlackwellBackendProvider() {
    super("cuda-blackwell", "B200");
  }
}
