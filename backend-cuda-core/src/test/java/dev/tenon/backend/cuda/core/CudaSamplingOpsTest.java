package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.SamplingOpsContract;
import dev.tenon.spi.backend.Backend;

class CudaSamplingOpsTest extends SamplingOpsContract {
  @Override
  protected Backend open() {
    return EmulatedCard.open();
  }

  @Override
  protected Backend openDefinition() {
    return EmulatedCard.definition();
  }

  @Override
  protected double bound() {
    return EmulatedCard.BOUND;
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
