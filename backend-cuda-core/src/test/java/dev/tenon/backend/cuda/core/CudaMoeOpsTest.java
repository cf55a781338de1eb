package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.MoeOpsContract;
import dev.tenon.spi.backend.Backend;
import java.util.List;

class CudaMoeOpsTest extends MoeOpsContract {
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
  protected double otherwiseRouted() {
    return 0.3; // a sequence's decodes repeat one row here
  }

  @Override
  protected List<Integer> experts() {
    return List.of(16, 32, 48);
  }
}
