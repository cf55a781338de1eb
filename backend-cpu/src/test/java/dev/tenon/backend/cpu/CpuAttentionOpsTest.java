package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.AttentionOpsContract;
import dev.tenon.spi.backend.Backend;

class CpuAttentionOpsTest extends AttentionOpsContract {
  @Override
  protected Backend open() {
    return TestBackends.vector();
  }

  @Override
  protected Backend openDefinition() {
    return TestBackends.scalar();
  }
}
