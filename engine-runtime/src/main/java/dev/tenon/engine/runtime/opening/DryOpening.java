package dev.tenon.engine.runtime.opening;

import dev.tenon.api.LoadProgress;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.engine.runtime.step.RankSteps;
import dev.tenon.engine.runtime.weights.TensorStore;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.DryRun;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.model.RankLayout;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What weights and steps will take on a rank, before anything is allocated: the first rank is
 * opened on a backend that only counts. Where a backend cannot do that, estimates.
 */
final class DryOpening implements AutoCloseable {
  private final Resources resources;
  private final long weightBytes;
  private final StepNeeds stepNeeds;

  private DryOpening(Resources resources, long weightBytes, StepNeeds stepNeeds) {
    this.resources = resources;
    this.weightBytes = weightBytes;
    this.stepNeeds = stepNeeds;
  }

  static DryOpening of(Preparation prepared, Backend backend) {
    Optional<DryRun> dryRun = backend.dryRun();
    long ofFiles =
        prepared.layouts().stream().mapToLong(prepared.loading()::bytes).max().orElseThrow();
    ModelProperties model = prepared.architecture().properties();
    return dryRun.isPresent()
        ? dry(prepared, dryRun.get(), ofFiles)
        : new DryOpening(
            new Resources(),
            ofFiles,
            StepNeeds.estimate(model.hiddenSize(), model.vocabularySize()));
  }

  private static DryOpening dry(Preparation prepared, DryRun dryRun, long ofFiles) {
    Resources resources = new Resources();
    try {
      resources.add(dryRun);
      TensorStore store = resources.addUnderneath(prepared.loading().open());
      RankLayout layout = prepared.layouts().getFirst();
      BoundModel model =
          prepared
              .loading()
              .bind(store, List.of(dryRun), List.of(layout), LoadProgress.SILENT)
              .getFirst();
      // a rank with more in its files has as much more on its device
      long more = ofFiles - prepared.loading().bytes(layout);
      return new DryOpening(
          resources, dryRun.counted().weights() + more, stepNeeds(prepared, dryRun, model));
    } catch (RuntimeException | Error e) {
      resources.run();
      throw e;
    }
  }

  private static StepNeeds stepNeeds(Preparation prepared, DryRun dryRun, BoundModel model) {
    Map<PoolPlan, StepNeeds.Bytes> known = new HashMap<>();
    return (limits, maxLength, pageSize) ->
        // how many pages there will be is not known yet, and not counted here
        known.computeIfAbsent(
            new PoolPlan(maxLength, pageSize, 1, limits, 0, 0, StepNeeds.NONE),
            plan -> steps(prepared.allocate(0, dryRun, model, plan), dryRun, limits));
  }

  private static StepNeeds.Bytes steps(Rank rank, DryRun dryRun, StepShape limits) {
    dryRun.shapes(limits).stream()
        .filter(shape -> shape.draftTokens() == limits.draftTokens())
        .sorted(Comparator.comparingInt(StepShape::rows).reversed())
        .forEach(shape -> RankSteps.capture(rank, shape).close());
    DryRun.Counted counted = dryRun.counted();
    return new StepNeeds.Bytes(counted.work(), counted.recordings());
  }

  /** Bytes of the rank's weights that has most. */
  long weightBytes() {
    return weightBytes;
  }

  /** What steps take; of use until this is closed. */
  StepNeeds stepNeeds() {
    return stepNeeds;
  }

  @Override
  public void close() {
    resources.run();
  }
}
