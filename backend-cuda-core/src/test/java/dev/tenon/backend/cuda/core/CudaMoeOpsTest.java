package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.MoeOpsContract;
import java.util.List;

class CudaMoeOpsTest extends MoeOpsContract implements CudaUnderTest {
  @Override
  protected double otherwiseRouted() {
    return 0.3;
  }

  @Override
  protected List<Integer> experts() {
    return List.of(16, 32, 48);
  }
}
