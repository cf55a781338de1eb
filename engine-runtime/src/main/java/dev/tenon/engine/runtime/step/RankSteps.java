package dev.tenon.engine.runtime.step;

import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.speculation.Speculator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A rank's bodies of one step shape: what the forward half leaves, the sampling half takes up. */
public final class RankSteps {
  private final Rank rank;
  private BoundModel.@Nullable Forward forward;

  private RankSteps(Rank rank) {
    this.rank = rank;
  }

  /** Records the steps of a shape. */
  public static CapturedStep capture(Rank rank, StepShape shape) {
    RankSteps bodies = new RankSteps(rank);
    return rank.backend().capture(shape, rank.states(), bodies::forward, bodies::sample);
  }

  private void forward(Step step) {
    forward = rank.model().forward(step);
  }

  private void sample(Step step) {
    BoundModel.Forward result = Objects.requireNonNull(forward, "sampling without a forward pass");
    Backend backend = rank.backend();
    backend.ops().sampling().sample(step, result.logits());
    if (rank.speculator() instanceof Speculator.OnDevice speculator) {
      speculator.propose(step, result.hidden());
    }
  }
}
