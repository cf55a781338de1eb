package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.backend.cuda.core.tuning.TunedMoeSearch;
import dev.tenon.spi.Probe;
import dev.tenon.spi.Provider;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.backend.RankPlacement;
import java.nio.file.Path;
import java.util.List;

/** Base of the providers of the CUDA backends, one per generation of GPUs. */
public abstract class CudaBackendProvider implements BackendProvider {
  private final String id;
  private final CudaGeneration generation;
  private final NativeParts parts;

  /**
   * A provider.
   *
   * @param id its id
   * @param generation the cards that it is for
   */
  protected CudaBackendProvider(String id, CudaGeneration generation) {
    this.id = id;
    this.generation = generation;
    this.parts =
        NativeParts.installed(NvidiaDriver.onThisMachine(), getClass(), generation.target());
  }

  CudaBackendProvider(String id, CudaGeneration generation, NativeParts parts) {
    this.id = id;
    this.generation = generation;
    this.parts = parts;
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
    try {
      return probeCards();
    } catch (TenonException | UnsatisfiedLinkError e) {
      return new Probe.Unfit(String.valueOf(e.getMessage()));
    }
  }

  private Probe probeCards() {
    if (parts.driver().isEmpty()) {
      return new Probe.Unfit(parts.driverAbsence());
    }
    Path driver = parts.driver().get();
    if (parts.library().isEmpty() || parts.kernels().isEmpty()) {
      return new Probe.Unfit(
          "driver found at "
              + driver
              + ", but this build has no CUDA kernels for "
              + generation.cards()
              + ": ./mvnw -Pcuda package makes them");
    }
    List<Card> cards = Cards.of(driver, parts.library().get());
    if (cards.isEmpty()) {
      return new Probe.Unfit("the NVIDIA driver at " + driver + " sees no GPU");
    }
    Card first = cards.getFirst();
    int score = generation.score().applyAsInt(first.capability());
    return score > 0
        ? new Probe.Fit(score, first.description())
        : new Probe.Unfit(
            "GPU 0 is " + first.description() + "; this backend is for " + generation.cards());
  }

  @Override
  public final RankPlacement rankPlacement() {
    return RankPlacement.PROCESSES;
  }

  @Override
  public final List<Backend> open(BackendOptions options) {
    CudaOptions own = CudaOptions.of(options);
    if (probe() instanceof Probe.Unfit(String reason)) {
      throw new TenonException(
          ErrorCode.DEVICE_UNAVAILABLE, "backend " + id + " cannot be opened here: " + reason);
    }
    List<Card> cards = Cards.of(parts.driver().orElseThrow(), parts.library().orElseThrow());
    Card card = own.card(cards, options.ranks(), options.rank());
    return List.of(
        CudaBackend.open(
            card,
            parts.kernels().orElseThrow(),
            options,
            own,
            TunedMoeSearch.in(System.getenv(), card.name(), getClass())));
  }
}
