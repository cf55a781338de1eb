package dev.tenon.engine.runtime.opening;

import dev.tenon.engine.tck.fake.FakeBackend;
import dev.tenon.engine.tck.fake.FakeOptions;
import dev.tenon.spi.Probe;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.backend.MoeTuning;
import dev.tenon.spi.backend.RankPlacement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens fake backends and remembers them. */
final class ToyBackendProvider implements BackendProvider {
  final List<FakeBackend> opened = new ArrayList<>();
  RankPlacement placement = RankPlacement.THREADS;
  @Nullable MoeTuning tuning;

  @Override
  public String id() {
    return "toy";
  }

  @Override
  public int spiVersion() {
    return SPI_VERSION;
  }

  @Override
  public Probe probe() {
    return new Probe.Fit(5, "always there");
  }

  @Override
  public RankPlacement rankPlacement() {
    return placement;
  }

  @Override
  public List<Backend> open(BackendOptions options) {
    for (int rank = 0; rank < options.ranks(); rank++) {
      FakeBackend backend = new FakeBackend(FakeOptions.defaults());
      if (tuning != null) {
        backend.offer(tuning);
      }
      opened.add(backend);
    }
    return List.copyOf(opened);
  }
}
