/** The CUDA backend for Ampere cards: A100 and A800. */
module dev.tenon.backend.cuda.ampere {
  requires dev.tenon.backend.cuda.core;
  requires static org.jspecify;

  provides dev.tenon.spi.backend.BackendProvider with
      dev.tenon.backend.cuda.ampere.AmpereBackendProvider;
}
