package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.MoeOpsContract;
import dev.tenon.spi.backend.Backend;

class CpuMoeOpsTest extends MoeOpsContract {
  @Override
  protected Backend open() {
    return TestBackends.vector();
  }

  @Override
  protected Backend openDefinition() {
    return TestBackends.scalar();
  }
}
