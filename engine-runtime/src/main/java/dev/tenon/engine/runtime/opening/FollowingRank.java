package dev.tenon.engine.runtime.opening;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.LoadProgress;
import dev.tenon.engine.runtime.plugins.Installed;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.engine.runtime.weights.TensorStore;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.RankLayout;
import java.util.List;

/** A rank of an engine whose first rank is another process: it opens what it is told to. */
public final class FollowingRank implements AutoCloseable {
  private final Preparation prepared;
  private final int rank;
  private final Backend backend;
  private final Resources resources;

  private FollowingRank(Preparation prepared, int rank, Backend backend, Resources resources) {
    this.prepared = prepared;
    this.rank = rank;
    this.backend = backend;
    this.resources = resources;
  }

  /**
   * Opens its device and joins the group.
   *
   * @param config the engine's
   * @param backend id of the backend that the first rank chose
   * @param rendezvous where the ranks find each other
   * @throws dev.tenon.api.TenonException with the reason
   */
  public static FollowingRank open(
      EngineConfig config, String backend, int rank, String rendezvous, PluginCatalog catalog) {
    Preparation prepared = Preparation.of(config, catalog);
    Installed<BackendProvider> provider = catalog.backend(backend);
    Resources resources = new Resources();
    List<Backend> opened =
        provider.provider().open(Preparation.backendOptions(config, rank, rendezvous));
    opened.forEach(resources::add);
    return new FollowingRank(prepared, rank, opened.getFirst(), resources);
  }

  /** Bytes that weights and pools may take. */
  public long availableMemory() {
    return backend.availableMemory();
  }

  /** Packs its weights and allocates its pools as the first rank planned. */
  public Rank allocate(int maxLength, int pageSize, int pages, StepShape limits) {
    TensorStore store = resources.addUnderneath(prepared.loading().open());
    RankLayout layout = prepared.layouts().get(rank);
    BoundModel model =
        prepared
            .loading()
            .bind(store, List.of(backend), List.of(layout), LoadProgress.SILENT)
            .getFirst();
    PoolPlan plan = new PoolPlan(maxLength, pageSize, pages, limits, 0, 0, StepNeeds.NONE);
    return prepared.allocate(rank, backend, model, plan);
  }

  @Override
  public void close() {
    resources.run();
  }
}
