package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.BackendUnderTest;
import dev.tenon.spi.backend.Backend;

/** The vector kernels, held to the scalar ones. */
interface CpuUnderTest extends BackendUnderTest {
  @Override
  default Backend open() {
    return TestBackends.vector();
  }

  @Override
  default Backend openDefinition() {
    return TestBackends.scalar();
  }
}
