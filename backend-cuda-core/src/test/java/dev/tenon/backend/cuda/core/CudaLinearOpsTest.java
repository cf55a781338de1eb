package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.LinearOpsContract;
import dev.tenon.spi.backend.Backend;
import java.util.List;

class CudaLinearOpsTest extends LinearOpsContract {
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

  @Override
  protected List<Integer> firstColumns() {
    return List.of(128, 0);
  }

  @Override
  protected int firstRow() {
    return 48;
  }
}
