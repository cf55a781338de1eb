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
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** Runs sequences through a block on a backend. */
public final class ContractRun {
  private static final int PAGE_SIZE = 7;
  private static final int LENGTH = 400;
  private static final int DRAFTS = 4;
  private static final int SLOTS = 8;

  private final BlockModel model;
  private final CapturedStep step;
  private long steps;

  /** Packs the model, allocates pools and prepares a step. */
  public ContractRun(Backend backend, BlockModel model) {
    this.model = model;
    int vocabulary = model.vocabulary();
    Packed.Embedding embedding = backend.weights().embedding(model.embedding(), 0, vocabulary);
    Packed.Norm norm = backend.weights().norm(model.norm());
    Packed.Head head = backend.weights().head(model.head(), 0, vocabulary);
    BlockModel.Bound block = model.block().bind(backend);
    StateLimits limits = new StateLimits(LENGTH, DRAFTS, vocabulary);
    int pages = SLOTS * Math.ceilDiv(LENGTH + DRAFTS + 1, PAGE_SIZE);
    StatePlan plan = new StatePlan(model.states(), PAGE_SIZE, pages, SLOTS, limits);
    StepShape shape = new StepShape(LENGTH * 2, SLOTS, LENGTH * 2, DRAFTS);
    AtomicReference<Logits> logits = new AtomicReference<>();
    Ops ops = backend.ops();
    step =
        backend.capture(
            shape,
            backend.allocate(plan),
            running -> {
              Residual residual = ops.linear().embed(running.targetRows(), embedding);
              block.issue(ops, running, residual);
              Activations last = ops.norms().finish(running.targetRows(), residual, norm);
              Activations selected = ops.linear().select(running.targetRows(), last);
              logits.set(ops.linear().logits(running.targetRows(), head, selected));
            },
            running -> ops.sampling().sample(running, logits.get()));
  }

  /** Logits of each sequence's last row per step; all sequences share their steps. */
  public List<List<float[]>> together(List<SequencePlan> plans) {
    List<Integer> slots = new ArrayList<>();
    for (int i = 0; i < plans.size(); i++) {
      slots.add((i * 3 + 1) % SLOTS);
    }
    return run(plans, slots);
  }

  /** The same, one sequence after the other, all in the same slot. */
  public List<List<float[]>> oneByOne(List<SequencePlan> plans) {
    List<List<float[]>> found = new ArrayList<>();
    for (SequencePlan plan : plans) {
      found.addAll(run(List.of(plan), List.of(2)));
    }
    return found;
  }

  private List<List<float[]>> run(List<SequencePlan> plans, List<Integer> slots) {
    List<SequenceState> running = new ArrayList<>();
    for (int i = 0; i < plans.size(); i++) {
      running.add(new SequenceState(plans.get(i), slots.get(i), model.vocabulary()));
    }
    List<SequenceState> left = new ArrayList<>(running);
    while (!left.isEmpty()) {
      StepBatch batch = BatchBuilder.build(steps++, left, PAGE_SIZE, LENGTH + DRAFTS + 1);
      StepOutput output = launch(batch);
      for (int b = 0; b < left.size(); b++) {
        left.get(b).advance(output, b);
      }
      left.removeIf(SequenceState::isDone);
    }
    return running.stream().map(SequenceState::logits).toList();
  }

  private StepOutput launch(StepBatch batch) {
    step.launchForward(batch);
    try {
      return step.launchSample(null).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
