package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.RecurrentOpsContract;
import dev.tenon.spi.backend.Backend;

class CpuRecurrentOpsTest extends RecurrentOpsContract {
  @Override
  protected Backend open() {
    return TestBackends.vector();
  }

  @Override
  protected Backend openDefinition() {
    return TestBackends.scalar();
  }
}
