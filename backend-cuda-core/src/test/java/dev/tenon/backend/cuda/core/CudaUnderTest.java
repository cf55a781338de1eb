package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.BackendUnderTest;
import dev.tenon.spi.backend.Backend;

/** The CUDA backend, held to the CPU's definitions. */
interface CudaUnderTest extends BackendUnderTest {
  @Override
  default Backend open() {
    return CardUnderTest.open();
  }

  @Override
  default Backend openDefinition() {
    return CardUnderTest.definition();
  }

  @Override
  default double bound() {
    return CardUnderTest.BOUND;
  }

  @Override
  default int pageSize() {
    return CudaBackend.PAGE_SIZE;
  }

  @Override
  default int multiple() {
    return PackedMatrix.TILE;
  }
}
