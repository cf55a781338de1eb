package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.StepOutput;
import java.util.ArrayList;
import java.util.List;

/** Runs sequences through a block on a backend. */
public final class ContractRun {
  private final BlockModel model;
  private final BlockStep step;

  /** Packs the model, allocates pools and prepares a step. */
  public ContractRun(Backend backend, int pageSize, BlockModel model) {
    this.model = model;
    step = BlockStep.of(backend, pageSize, model);
  }

  /** Logits of each sequence's last row per step; all sequences share their steps. */
  public List<List<float[]>> together(List<SequencePlan> plans) {
    List<Integer> slots = new ArrayList<>();
    for (int i = 0; i < plans.size(); i++) {
      slots.add((i * 3 + 1) % BlockStep.SLOTS);
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
      StepOutput output = step.run(left);
      for (int b = 0; b < left.size(); b++) {
        left.get(b).advance(output, b);
      }
      left.removeIf(SequenceState::isDone);
    }
    return running.stream().map(SequenceState::logits).toList();
  }
}
