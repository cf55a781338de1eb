package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.AttentionOpsContract;
import dev.tenon.spi.backend.Backend;
import java.util.List;

class CudaAttentionOpsTest extends AttentionOpsContract {
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
  protected List<int[]> shapes() {
    return List.of(
        new int[] {4, 2, 64}, new int[] {8, 1, 64}, new int[] {2, 2, 128}, new int[] {4, 2, 256});
  }
}
