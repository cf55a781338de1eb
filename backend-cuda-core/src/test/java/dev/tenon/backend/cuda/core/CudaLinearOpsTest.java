package dev.tenon.backend.cuda.core;

import dev.tenon.engine.tck.contract.LinearOpsContract;
import java.util.List;

class CudaLinearOpsTest extends LinearOpsContract implements CudaUnderTest {
  @Override
  protected List<Integer> firstColumns() {
    return List.of(128, 0);
  }

  @Override
  protected int firstRow() {
    return 48;
  }
}
