package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import dev.tenon.spi.backend.TokenMasks;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A block between an embedding and a head, prepared to run on a backend. */
final class BlockStep {
  /** Sequences at once. */
  static final int SLOTS = 8;

  /** Most host drafts of a decode. */
  static final int DRAFTS = 4;

  private static final int LENGTH = 400;

  private final int pageSize;
  private final CapturedStep step;
  private long steps;

  /**
   * Allocates pools and prepares a step.
   *
   * @param forward issues the operations up to the logits
   */
  BlockStep(
      Backend backend,
      int pageSize,
      int vocabulary,
      List<StateSpec> states,
      Function<Step, Logits> forward) {
    this.pageSize = pageSize;
    StateLimits limits = new StateLimits(LENGTH, DRAFTS, vocabulary);
    int pages = SLOTS * Math.ceilDiv(LENGTH + DRAFTS + 1, pageSize);
    StatePlan plan = new StatePlan(states, pageSize, pages, SLOTS, limits);
    StepShape shape = new StepShape(LENGTH * 2, SLOTS, LENGTH * 2, DRAFTS);
    AtomicReference<Logits> logits = new AtomicReference<>();
    Ops ops = backend.ops();
    step =
        backend.capture(
            shape,
            backend.allocate(plan),
            running -> logits.set(forward.apply(running)),
            running -> ops.sampling().sample(running, logits.get()));
  }

  /** Packs a model and prepares its step. */
  static BlockStep of(Backend backend, int pageSize, BlockModel model) {
    int vocabulary = model.vocabulary();
    Packed.Embedding embedding = backend.weights().embedding(model.embedding(), 0, vocabulary);
    Packed.Norm norm = backend.weights().norm(model.norm());
    Packed.Head head = backend.weights().head(model.head(), 0, vocabulary);
    BlockModel.Bound block = model.block().bind(backend);
    Ops ops = backend.ops();
    return new BlockStep(
        backend,
        pageSize,
        vocabulary,
        model.states(),
        running -> {
          Residual residual = ops.linear().embed(running.targetRows(), embedding);
          block.issue(ops, running, residual);
          Activations last = ops.norms().finish(running.targetRows(), residual, norm);
          Activations selected = ops.linear().select(running.targetRows(), last);
          return ops.linear().logits(running.targetRows(), head, selected);
        });
  }

  /** Runs one step of the sequences. */
  StepOutput run(List<? extends BatchSequence> sequences) {
    return run(sequences, batch -> null);
  }

  /** Runs one step of the sequences, with masks for the logit rows of its batch. */
  StepOutput run(
      List<? extends BatchSequence> sequences, Function<StepBatch, @Nullable TokenMasks> masks) {
    return await(launch(sequences, masks));
  }

  /** Launches one step of the sequences. */
  StepTicket launch(
      List<? extends BatchSequence> sequences, Function<StepBatch, @Nullable TokenMasks> masks) {
    StepBatch batch = BatchBuilder.build(steps++, sequences, pageSize, LENGTH + DRAFTS + 1);
    TokenMasks given = masks.apply(batch);
    if (given == null) {
      return step.launch(batch);
    }
    step.launchForward(batch);
    return step.launchSample(given);
  }

  static StepOutput await(StepTicket ticket) {
    try {
      return ticket.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
