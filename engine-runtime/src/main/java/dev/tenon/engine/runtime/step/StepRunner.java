package dev.tenon.engine.runtime.step;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Launches batches on all ranks, in the smallest recorded step that holds them. */
public final class StepRunner implements AutoCloseable {
  private final List<Recorded> recorded = new ArrayList<>();
  private final int draftTokens;

  /** One shape's steps, by rank. */
  private record Recorded(StepShape shape, List<CapturedStep> steps) {}

  /**
   * Records the steps.
   *
   * @param limits bounds of every batch
   */
  public StepRunner(List<Rank> ranks, StepShape limits) {
    this.draftTokens = limits.draftTokens();
    List<StepShape> shapes = new ArrayList<>(ranks.getFirst().backend().shapes(limits));
    shapes.removeIf(shape -> shape.draftTokens() != draftTokens);
    shapes.sort(
        Comparator.comparingInt(StepShape::rows)
            .thenComparingInt(StepShape::sequences)
            .thenComparingInt(StepShape::logitRows));
    if (shapes.stream().noneMatch(shape -> shape.holds(limits))) {
      throw new TenonException(
          ErrorCode.INTERNAL,
          "the backend offers no step shape that holds " + limits + ", only " + shapes);
    }
    try {
      // the largest first, so that a backend sizes its work space once
      for (StepShape shape : shapes.reversed()) {
        List<CapturedStep> steps = new ArrayList<>();
        recorded.addFirst(new Recorded(shape, steps));
        for (Rank rank : ranks) {
          steps.add(RankSteps.capture(rank, shape));
        }
      }
    } catch (RuntimeException failure) {
      close();
      throw failure;
    }
  }

  /** Launches a batch. The ticket is the first rank's; all ranks compute the same. */
  public StepTicket launch(StepBatch batch) {
    List<CapturedStep> steps = smallest(batch).steps();
    for (CapturedStep step : steps) {
      step.launchForward(batch);
    }
    StepTicket first = steps.getFirst().launchSample(null);
    for (CapturedStep step : steps.subList(1, steps.size())) {
      step.launchSample(null);
    }
    return first;
  }

  private Recorded smallest(StepBatch batch) {
    StepShape needed =
        new StepShape(batch.rows(), batch.sequences(), batch.logitRows().length, draftTokens);
    for (Recorded candidate : recorded) {
      if (candidate.shape().holds(needed)) {
        return candidate;
      }
    }
    throw new TenonException(ErrorCode.INTERNAL, "no recorded step holds " + needed);
  }

  @Override
  public void close() {
    for (Recorded entry : recorded) {
      entry.steps().forEach(CapturedStep::close);
    }
  }
}
