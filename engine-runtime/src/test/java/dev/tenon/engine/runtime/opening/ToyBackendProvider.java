package dev.tenon.engine.runtime.opening;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
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

/**
 * Opens fake backends and remembers them. Options, each with the number of a rank: {@code refuse}
 * to be opened, {@code die} while being opened, {@code fail} at step 3.
 */
public final class ToyBackendProvider implements BackendProvider {
  final List<FakeBackend> opened = new ArrayList<>();
  RankPlacement placement = RankPlacement.THREADS;
  FakeOptions options = FakeOptions.defaults();
  @Nullable MoeTuning tuning;

  /** A provider of ranks that are threads. */
  public ToyBackendProvider() {}

  /** A provider of ranks that are processes. */
  public static ToyBackendProvider ofProcesses() {
    ToyBackendProvider provider = new ToyBackendProvider();
    provider.placement = RankPlacement.PROCESSES;
    return provider;
  }

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
  public List<Backend> open(BackendOptions given) {
    String rank = String.valueOf(given.rank());
    if (rank.equals(given.options().get("refuse"))) {
      throw new TenonException(ErrorCode.DEVICE_UNAVAILABLE, "no toy for this rank");
    }
    if (rank.equals(given.options().get("die"))) {
      Runtime.getRuntime().halt(7);
    }
    int here = placement == RankPlacement.THREADS ? given.ranks() : 1;
    for (int i = 0; i < here; i++) {
      FakeBackend backend = new FakeBackend(options);
      if (tuning != null) {
        backend.offer(tuning);
      }
      opened.add(backend);
      if (rank.equals(given.options().get("fail"))) {
        backend.failFrom(3);
      }
    }
    return List.copyOf(opened);
  }
}
