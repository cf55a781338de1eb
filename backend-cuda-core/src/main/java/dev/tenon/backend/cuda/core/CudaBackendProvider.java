package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.backend.RankPlacement;
import java.util.List;

/** Base of the providers of the CUDA backends, one per generation of GPUs. */
public abstract class CudaBackendProvider implements BackendProvider {
  private final String id;
  private final String cards;
  private final NvidiaDriver driver;

  /**
   * A provider.
   *
   * @param id its id
   * @param cards the cards that it is for, for people
   */
  protected CudaBackendProvider(String id, String cards) {
    this(id, cards, NvidiaDriver.onThisMachine());
  }

  CudaBackendProvider(String id, String cards, NvidiaDriver driver) {
    this.id = id;
    this.cards = cards;
    this.driver = driver;
  }

  @Override
  public final String id() {
    return id;
  }

  @Override
  public final int spiVersion() {
    return Provider.SPI_VERSION;
  }

  @Override
  public final Probe probe() {
    return new Probe.Unfit(
        driver
            .library()
            .map(library ->
                "driver found at " + library + ", but this build has no CUDA kernels for " + cards)
            .orElseGet(driver::absence));
  }

  @Override
  public final RankPlacement rankPlacement() {
    return RankPlacement.PROCESSES;
  }

  @Override
  public final List<Backend> open(BackendOptions options) {
    String reason =
        switch (probe()) {
          case Probe.Unfit unfit -> unfit.reason();
          case Probe.Fit fit -> fit.description();
        };
    throw new TenonException(
        ErrorCode.DEVICE_UNAVAILABLE, "backend " + id + " cannot be opened here: " + reason);
  }
}
