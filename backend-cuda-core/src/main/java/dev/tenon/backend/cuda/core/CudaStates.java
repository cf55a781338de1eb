package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Pools on the card. Their content is never cleared: position 0 counts as zero. */
final class CudaStates implements StateView {
  private final StatePlan plan;
  private final CudaOptions options;
  private final Map<Integer, Kv> kv = new HashMap<>();
  private final Map<Integer, Recurrent> recurrent = new HashMap<>();

  /**
   * Pages of one layer.
   *
   * @param type element type
   * @param keys {@code [page][kvHead][pageSize][dim]}
   * @param values the same
   */
  record Kv(DeviceType type, long keys, long values, int pageSize) implements KvCache {}

  /**
   * Slots of one layer.
   *
   * @param window bf16 {@code [slot][valueHeads][convWidth − 1][2 · keyDim + valueDim]}: each value
   *     head has its q, k and v, so that nothing else writes what it reads
   * @param pendingInputs bf16 {@code [slot][valueHeads][drafts][2 · keyDim + valueDim]}
   * @param pendingGates f32 {@code [slot][drafts][2][valueHeads]}
   * @param state {@code [slot][valueHeads][keyDim · valueDim]}
   */
  record Recurrent(
      long window,
      long pendingInputs,
      long pendingGates,
      DeviceType stateType,
      long state,
      int maxPending)
      implements RecurrentCache {}

  CudaStates(StatePlan plan, CudaOptions options, DeviceMemory memory) {
    this.plan = plan;
    this.options = options;
    for (StateSpec spec : plan.states()) {
      switch (spec) {
        case StateSpec.PagedKv paged -> {
          long bytes =
              kvPageBytes(paged, plan.pageSize(), options.keyValueType()) / 2 * plan.pages();
          kv.put(
              paged.layer(),
              new Kv(
                  options.keyValueType(),
                  memory.allocate(bytes),
                  memory.allocate(bytes),
                  plan.pageSize()));
        }
        case StateSpec.Recurrent fixed -> recurrent.put(fixed.layer(), allocate(fixed, memory));
      }
    }
  }

  private Recurrent allocate(StateSpec.Recurrent spec, DeviceMemory memory) {
    int drafts = plan.limits().draftTokens();
    return new Recurrent(
        memory.allocate(plan.slots() * windowBytes(spec)),
        memory.allocate(plan.slots() * inputBytes(spec, drafts)),
        memory.allocate(plan.slots() * gateBytes(spec, drafts)),
        options.stateType(),
        memory.allocate(plan.slots() * matrixBytes(spec, options.stateType())),
        drafts);
  }

  /** Bytes of a page of all layers together. */
  static long bytesPerPage(List<StateSpec> states, int pageSize, DeviceType type) {
    long bytes = 0;
    for (StateSpec state : states) {
      if (state instanceof StateSpec.PagedKv paged) {
        bytes += kvPageBytes(paged, pageSize, type);
      }
    }
    return bytes;
  }

  /** Bytes of a slot's recurrent states. */
  static long bytesPerSlot(List<StateSpec> states, StateLimits limits, DeviceType stateType) {
    long bytes = 0;
    for (StateSpec state : states) {
      if (state instanceof StateSpec.Recurrent spec) {
        bytes +=
            windowBytes(spec)
                + inputBytes(spec, limits.draftTokens())
                + gateBytes(spec, limits.draftTokens())
                + matrixBytes(spec, stateType);
      }
    }
    return bytes;
  }

  private static long kvPageBytes(StateSpec.PagedKv spec, int pageSize, DeviceType type) {
    return 2L * type.bytes * pageSize * spec.kvHeads() * spec.headDim();
  }

  private static long windowBytes(StateSpec.Recurrent spec) {
    return (spec.convWidth() - 1) * inputRowBytes(spec);
  }

  private static long inputBytes(StateSpec.Recurrent spec, int drafts) {
    return drafts * inputRowBytes(spec);
  }

  private static long inputRowBytes(StateSpec.Recurrent spec) {
    return (long) spec.valueHeads() * (2 * spec.keyDim() + spec.valueDim()) * DeviceType.BF16.bytes;
  }

  private static long gateBytes(StateSpec.Recurrent spec, int drafts) {
    return 2L * drafts * spec.valueHeads() * DeviceType.F32.bytes;
  }

  private static long matrixBytes(StateSpec.Recurrent spec, DeviceType type) {
    return (long) spec.valueHeads() * spec.keyDim() * spec.valueDim() * type.bytes;
  }

  @Override
  public StatePlan plan() {
    return plan;
  }

  @Override
  public Kv kv(int layer) {
    return known(kv, layer);
  }

  @Override
  public Recurrent recurrent(int layer) {
    return known(recurrent, layer);
  }

  private static <T> T known(Map<Integer, T> states, int layer) {
    T state = states.get(layer);
    if (state == null) {
      throw new IllegalArgumentException("layer " + layer + " declared no such state");
    }
    return state;
  }
}
