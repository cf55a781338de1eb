package dev.tenon.engine.runtime.opening;

import dev.tenon.api.SpeculationConfig;
import dev.tenon.engine.runtime.plugins.BackendChoice;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.RankPlacement;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.ModelProperties;
import java.util.ArrayList;
import java.util.List;

/** What was decided at start, for people. */
final class Description {
  private Description() {}

  static List<String> of(
      Preparation prepared,
      BackendChoice.Chosen chosen,
      List<Backend> backends,
      PoolRequest request,
      PoolPlan plan) {
    Checkpoint checkpoint = prepared.opened().checkpoint();
    ModelProperties model = prepared.architecture().properties();
    List<String> lines = new ArrayList<>();
    lines.add(
        "model: %s (%s, %s parameters, %s of %s weights)"
            .formatted(
                checkpoint.name(),
                model.family(),
                Sizes.parameters(model.parameters()),
                Sizes.bytes(prepared.loading().bytes()),
                switch (checkpoint.source()) {
                  case FILES -> "mapped";
                  case DUMMY -> "made-up";
                }));
    lines.add(
        "backend: %s: %s".formatted(chosen.backend().id(), backends.getFirst().description()));
    int count = prepared.layouts().size();
    String ranks = count == 1 ? "" : ", on each of " + count + " ranks";
    lines.add(
        "pools: %s KV pages of %d tokens (%s tokens, %s), %d slots (%s)%s"
            .formatted(
                Sizes.count(plan.pages()),
                plan.pageSize(),
                Sizes.count((long) plan.pages() * plan.pageSize()),
                Sizes.bytes(plan.pages() * plan.pageBytes()),
                plan.limits().sequences(),
                Sizes.bytes(plan.limits().sequences() * plan.slotBytes()),
                ranks));
    if (request.placement() == RankPlacement.PROCESSES) {
      lines.add(memory(request, plan) + ranks);
    }
    lines.add(
        "limits: %s of the model's %s tokens per sequence, %d sequences, %s rows a step"
            .formatted(
                Sizes.count(plan.maxLength()),
                Sizes.count(model.maxPositions()),
                plan.limits().sequences(),
                Sizes.count(plan.limits().rows())));
    SpeculationConfig speculation = prepared.config().speculation();
    if (speculation != null) {
      lines.add(
          "speculation: %s, %d drafts a step"
              .formatted(speculation.method(), speculation.draftTokens()));
    }
    return lines;
  }

  private static String memory(PoolRequest request, PoolPlan plan) {
    StepNeeds.Bytes steps = plan.steps();
    return "memory: weights %s + slots %s + KV pages %s + work space %s + recorded steps %s = %s of %s"
        .formatted(
            Sizes.bytes(request.weightBytes()),
            Sizes.bytes(plan.limits().sequences() * plan.slotBytes()),
            Sizes.bytes(plan.pages() * plan.pageBytes()),
            Sizes.bytes(steps.work()),
            Sizes.bytes(steps.recordings()),
            Sizes.bytes(request.weightBytes() + plan.bytes() + steps.sum()),
            Sizes.bytes(request.available()));
  }
}
