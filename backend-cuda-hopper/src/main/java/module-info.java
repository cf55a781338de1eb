/** The CUDA backend for Hopper cards: H200, H20 and H100. */
module dev.tenon.backend.cuda.hopper {
  requires dev.tenon.backend.cuda.core;
  requires static org.jspecify;

  provides dev.tenon.spi.backend.BackendProvider with
      dev.tenon.backend.cuda.hopper.HopperBackendProvider;
}
