package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.SamplingOpsContract;
import dev.tenon.spi.backend.Backend;

class CpuSamplingOpsTest extends SamplingOpsContract {
  @Override
  protected Backend open() {
    return TestBackends.vector();
  }

  @Override
  protected Backend openDefinition() {
    return TestBackends.scalar();
  }
}
