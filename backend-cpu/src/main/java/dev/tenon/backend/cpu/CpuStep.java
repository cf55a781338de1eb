package dev.tenon.backend.cpu;

import dev.tenon.api.TokenLogprobs;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.TokenMasks;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One step as it runs: its batch resolved against the slots, and what it brought so far. */
final class CpuStep implements Step {
  final StepBatch batch;
  final CpuState state;
  final Slot[] slots;

  /** Draft rows that each sequence's recurrent layers replay before anything else. */
  final int[] replays;

  /** Rows of each sequence that sampling found to be part of its text. */
  final int[] processed;

  final int[] counts;
  final int[] tokens;
  final byte[] ends;
  final int[] drafts;
  final Map<Integer, TokenLogprobs> logprobs = new HashMap<>();
  final Map<Integer, TokenLogprobs> promptLogprobs = new HashMap<>();
  final Map<Integer, float[]> logits = new HashMap<>();
  @Nullable TokenMasks masks;
  private final int draftTokens;
  private final CpuRows target;
  private boolean sampled;

  CpuStep(StepBatch batch, CpuState state, int draftTokens) {
    this.batch = batch;
    this.state = state;
    this.draftTokens = draftTokens;
    int sequences = batch.sequences();
    takeOverSlots();
    slots = new Slot[sequences];
    replays = new int[sequences];
    for (int b = 0; b < sequences; b++) {
      slots[b] = state.slot(batch.slots()[b]);
      replays[b] = slots[b].accepted;
    }
    processed = new int[sequences];
    counts = new int[sequences];
    tokens = new int[sequences * (1 + draftTokens)];
    ends = new byte[sequences];
    drafts = new int[sequences * draftTokens];
    target = resolveTarget();
  }

  @Override
  public CpuState states() {
    return state;
  }

  @Override
  public CpuRows targetRows() {
    return target;
  }

  @Override
  public int draftTokens() {
    return draftTokens;
  }

  @Override
  public Rows draftRows(int pass) {
    if (!sampled) {
      throw new IllegalStateException("draft rows are known after sampling only");
    }
    return pass == 0 ? shiftedRows() : nextRows(pass);
  }

  boolean isDecode(int sequence) {
    return batch.kinds()[sequence] == StepBatch.DECODE;
  }

  void markSampled() {
    sampled = true;
  }

  StepOutput output() {
    return new StepOutput(
        batch.id(),
        1 + draftTokens,
        counts,
        tokens,
        ends,
        drafts,
        logprobs,
        promptLogprobs,
        logits);
  }

  /** Called by several workers at once. */
  void putLogprobs(int index, TokenLogprobs found) {
    synchronized (logprobs) {
      logprobs.put(index, found);
    }
  }

  /** Called by several workers at once. */
  void putPromptLogprobs(int row, TokenLogprobs found) {
    synchronized (promptLogprobs) {
      promptLogprobs.put(row, found);
    }
  }

  private void takeOverSlots() {
    int vocabulary = state.plan().limits().vocabularySize();
    batch.setups().forEach(setup -> state.slot(setup.slot()).setUp(setup, vocabulary));
    int[] pages = batch.pages();
    for (int i = 0; i < pages.length; i += 3) {
      state.slot(pages[i]).pageTable[pages[i + 1]] = pages[i + 2];
    }
  }

  private CpuRows resolveTarget() {
    int[] ids = batch.tokens().clone();
    int[] positions = new int[ids.length];
    int[] active = new int[slots.length];
    for (int b = 0; b < slots.length; b++) {
      Slot slot = slots[b];
      int first = batch.rowOffsets()[b];
      int count = batch.rowOffsets()[b + 1] - first;
      if (isDecode(b)) {
        boolean hostDrafts = batch.hostDrafts()[b] > 0;
        ids[first] = slot.lastToken;
        for (int i = 1; i < count && !hostDrafts; i++) {
          ids[first + i] = i <= slot.draftCount ? slot.drafts[i - 1] : 0;
        }
        active[b] =
            slot.ended ? 0 : Math.min(count, 1 + (hostDrafts ? count - 1 : slot.draftCount));
      } else {
        if (slot.position != batch.starts()[b]) {
          throw new IllegalStateException(
              "a prompt's rows start at "
                  + batch.starts()[b]
                  + " but its slot stands at "
                  + slot.position);
        }
        active[b] = slot.ended ? 0 : count;
      }
      for (int i = 0; i < count; i++) {
        positions[first + i] = slot.position + i;
      }
      active[b] = coveredRows(slot, active[b]);
    }
    return new CpuRows(this, batch.rowOffsets(), active, ids, positions, batch.logitRows());
  }

  private int coveredRows(Slot slot, int rows) {
    int covered = rows;
    while (covered > 0 && !slot.covers(slot.position + covered - 1, state.plan().pageSize())) {
      covered--;
    }
    return covered;
  }

  private CpuRows shiftedRows() {
    int[] ids = new int[target.count()];
    int[] active = new int[slots.length];
    int[] last = new int[slots.length];
    for (int b = 0; b < slots.length; b++) {
      int first = batch.rowOffsets()[b];
      active[b] = processed[b];
      last[b] = first + Math.max(0, processed[b] - 1);
      for (int i = 0; i + 1 < processed[b]; i++) {
        ids[first + i] = target.ids()[first + i + 1];
      }
      if (processed[b] > 0) {
        boolean open = batch.kinds()[b] == StepBatch.PREFILL;
        ids[last[b]] = open ? batch.nextTokens()[b] : slots[b].lastToken;
      }
    }
    return new CpuRows(this, batch.rowOffsets(), active, ids, target.positions(), last);
  }

  private CpuRows nextRows(int pass) {
    int[] ids = new int[slots.length];
    int[] positions = new int[slots.length];
    int[] active = new int[slots.length];
    int[] offsets = new int[slots.length + 1];
    int[] selected = new int[slots.length];
    for (int b = 0; b < slots.length; b++) {
      ids[b] = drafts[b * draftTokens + pass - 1];
      positions[b] = slots[b].position - 1 + pass;
      boolean wanted = counts[b] > 0 && !slots[b].ended;
      active[b] = wanted && slots[b].covers(positions[b], state.plan().pageSize()) ? 1 : 0;
      offsets[b + 1] = b + 1;
      selected[b] = b;
    }
    return new CpuRows(this, offsets, active, ids, positions, selected);
  }

  @Override
  public String toString() {
    return "step " + batch.id() + Arrays.toString(batch.slots());
  }
}
