package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.LinearOpsContract;
import dev.tenon.spi.backend.Backend;

class CpuLinearOpsTest extends LinearOpsContract {
  @Override
  protected Backend open() {
    return TestBackends.vector();
  }

  @Override
  protected Backend openDefinition() {
    return TestBackends.scalar();
  }
}
