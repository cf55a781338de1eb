/** The CUDA backend for Blackwell cards: B200. */
module dev.tenon.backend.cuda.blackwell {
  requires dev.tenon.backend.cuda.core;
  requires static org.jspecify;

  provides dev.tenon.spi.backend.BackendProvider with
      dev.tenon.backend.cuda.blackwell.BlackwellBackendProvider;
}
