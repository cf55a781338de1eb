package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** The allocated pools and slots of one rank. */
final class CpuState implements StateView {
  private final StatePlan plan;
  private final Map<Integer, KvPool> kv = new HashMap<>();
  private final Map<Integer, RecurrentPool> recurrent = new HashMap<>();
  private final Slot[] slots;

  CpuState(StatePlan plan) {
    this.plan = plan;
    for (StateSpec spec : plan.states()) {
      switch (spec) {
        case StateSpec.PagedKv paged ->
            kv.put(paged.layer(), new KvPool(paged, plan.pageSize(), plan.pages()));
        case StateSpec.Recurrent fixed ->
            recurrent.put(
                fixed.layer(), new RecurrentPool(fixed, plan.slots(), plan.limits().draftTokens()));
      }
    }
    slots = new Slot[plan.slots()];
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new Slot(plan.pagesPerSequence(), plan.limits().draftTokens());
    }
  }

  @Override
  public StatePlan plan() {
    return plan;
  }

  @Override
  public KvPool kv(int layer) {
    return Objects.requireNonNull(kv.get(layer), () -> "layer " + layer + " has no paged state");
  }

  @Override
  public RecurrentPool recurrent(int layer) {
    return Objects.requireNonNull(
        recurrent.get(layer), () -> "layer " + layer + " has no recurrent state");
  }

  Slot slot(int index) {
    return slots[index];
  }
}
