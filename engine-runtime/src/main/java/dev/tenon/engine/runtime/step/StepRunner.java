package dev.tenon.engine.runtime.step;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.ranks.Followers;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/** Launches batches on all ranks, in the smallest recorded step that holds them. */
public final class StepRunner implements AutoCloseable {
  private final List<Recorded> recorded = new ArrayList<>();
  private final int draftTokens;
  private final Followers followers;

  /** One shape's steps, by rank. */
  private record Recorded(StepShape shape, List<CapturedStep> steps) {}

  /** Records the steps of ranks that are all in this process. */
  public StepRunner(List<Rank> ranks, StepShape limits) {
    this(ranks, limits, Followers.none());
  }

  /**
   * Records the steps, on ranks in other processes as well.
   *
   * @param ranks those of this process
   * @param limits bounds of every batch
   * @param followers the others
   */
  public StepRunner(List<Rank> ranks, StepShape limits, Followers followers) {
    this.followers = followers;
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
      followers.capture();
      // the largest first, so that a backend sizes its work space once
      for (StepShape shape : shapes.reversed()) {
        List<CapturedStep> steps = new ArrayList<>();
        recorded.addFirst(new Recorded(shape, steps));
        for (Rank rank : ranks) {
          steps.add(RankSteps.capture(rank, shape));
        }
      }
      followers.awaitCaptured();
    } catch (RuntimeException failure) {
      close();
      throw failure;
    } catch (InterruptedException interrupted) {
      close();
      Thread.currentThread().interrupt();
      throw new TenonException(
          ErrorCode.CANCELLED, "interrupted while steps were recorded", interrupted);
    }
  }

  /**
   * Launches a batch. The ticket is the first rank's; all ranks compute the same.
   *
   * @throws InterruptedException where a launch waits for other ranks and is interrupted
   */
  public StepTicket launch(StepBatch batch) throws InterruptedException {
    List<CapturedStep> steps = smallest(batch).steps();
    followers.launch(batch);
    StepTicket ticket = followers.guard(() -> launch(steps, batch));
    return new GuardedTicket(ticket, followers);
  }

  private static StepTicket launch(List<CapturedStep> steps, StepBatch batch) {
    StepTicket first = steps.getFirst().launch(batch);
    for (CapturedStep step : steps.subList(1, steps.size())) {
      step.launch(batch);
    }
    return first;
  }

  private Recorded smallest(StepBatch batch) {
    StepShape needed = StepShape.of(batch, draftTokens);
    for (Recorded candidate : recorded) {
      if (candidate.shape().holds(needed)) {
        return candidate;
      }
    }
    throw new TenonException(ErrorCode.INTERNAL, "no recorded step holds " + needed);
  }

  /** Whom to tell when a rank in another process is lost. */
  public void onLoss(Consumer<TenonException> listener) {
    followers.onLoss(listener);
  }

  /** Ends the ranks in other processes at once: the engine has failed. */
  public void abandon() {
    followers.abandon();
  }

  private record GuardedTicket(StepTicket ticket, Followers followers) implements StepTicket {
    @Override
    public boolean isDone() {
      return ticket.isDone();
    }

    @Override
    public StepOutput await() throws InterruptedException {
      return followers.guard(ticket::await);
    }
  }

  @Override
  public void close() {
    followers.end();
    for (Recorded entry : recorded) {
      entry.steps().forEach(CapturedStep::close);
    }
  }
}
