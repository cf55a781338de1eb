package dev.tenon.backend.cpu;

import dev.tenon.engine.tck.contract.CollectivesContract;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import java.util.List;
import java.util.Map;

class CpuCollectivesTest extends CollectivesContract {
  @Override
  protected List<Backend> open(int ranks) {
    return new CpuBackendProvider().open(new BackendOptions(ranks, 0, "", ranks, 0.9, Map.of()));
  }
}
