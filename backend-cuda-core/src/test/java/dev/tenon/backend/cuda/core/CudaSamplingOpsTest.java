package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.SamplingOpsContract;
import dev.tenon.spi.backend.Backend;

class CudaSamplingOpsTest extends SamplingOpsContract {
  @Override
  protected Backend open() {
    return CardUnderTest.open();
  }

  @Override
  protected Backend openDefinition() {
    return CardUnderTest.definition();
  }

  @Override
  protected double bound() {
    return CardUnderTest.BOUND;
  }

  @Override
  protected int pageSize() {
    return CudaBackend.PAGE_SIZE;
  }

  @Override
  protected int multiple() {
    return PackedMatrix.TILE;
  }
}
