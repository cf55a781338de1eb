/** The CPU backend: the embedded default, and the executable definition of every operation. */
module dev.tenon.backend.cpu {
  requires dev.tenon.engine.api;
  requires jdk.incubator.vector;
  requires static org.jspecify;

  provides dev.tenon.spi.backend.BackendProvider with
      dev.tenon.backend.cpu.CpuBackendProvider;
}
