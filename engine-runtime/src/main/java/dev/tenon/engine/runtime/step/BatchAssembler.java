package dev.tenon.engine.runtime.step;

import dev.tenon.engine.runtime.scheduler.ActiveRequest;
import dev.tenon.engine.runtime.scheduler.Sequence;
import dev.tenon.engine.runtime.scheduler.StepPlan;
import dev.tenon.engine.runtime.scheduler.Work;
import dev.tenon.engine.runtime.state.Reservation;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StepBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Lays a plan out in flat arrays. What it allocates grows with the step's rows alone. */
final class BatchAssembler {
  private static final int NONE = -1;

  private BatchAssembler() {}

  /** The batch of a plan; to be called before the plan counts as launched. */
  static StepBatch assemble(Reservation reservation) {
    StepPlan plan = reservation.plan();
    List<Work> works = plan.works();
    int sequences = works.size();
    List<SlotSetup> setups = new ArrayList<>();
    int[] slots = new int[sequences];
    byte[] kinds = new byte[sequences];
    int[] starts = new int[sequences];
    int[] rowOffsets = new int[sequences + 1];
    int[] tokens = new int[plan.rows()];
    int[] nextTokens = new int[sequences];
    int[] hostDrafts = new int[sequences];
    int[] logitRows = new int[plan.logitRows()];
    int[] logitsWanted = new int[sequences];
    int logitCount = 0;
    int wantedCount = 0;
    int row = 0;
    for (int b = 0; b < sequences; b++) {
      Work work = works.get(b);
      Sequence sequence = work.sequence();
      slots[b] = sequence.slot();
      kinds[b] = work.kind();
      starts[b] = work.start();
      nextTokens[b] = NONE;
      if (work.kind() == StepBatch.DECODE) {
        hostDrafts[b] = work.hostDrafts().length;
        System.arraycopy(work.hostDrafts(), 0, tokens, row + 1, work.hostDrafts().length);
      } else {
        int[] setup = sequence.setup();
        System.arraycopy(setup, work.start(), tokens, row, work.rows());
        if (work.start() == 0) {
          setups.add(
              new SlotSetup(
                  sequence.slot(), sequence.sampling(), setup, sequence.request().prompt().length));
        }
        if (work.kind() == StepBatch.PREFILL) {
          nextTokens[b] = setup[work.start() + work.rows()];
        } else if (wantsLogits(sequence)) {
          logitsWanted[wantedCount++] = b;
        }
      }
      row += work.rows();
      rowOffsets[b + 1] = row;
      for (int i = row - work.logitRows(); i < row; i++) {
        logitRows[logitCount++] = i;
      }
    }
    return new StepBatch(
        plan.id(),
        setups,
        reservation.pages(),
        slots,
        kinds,
        starts,
        rowOffsets,
        tokens,
        nextTokens,
        hostDrafts,
        logitRows,
        Arrays.copyOf(logitsWanted, wantedCount));
  }

  /** Whether a prompt that ends in a step reports its last logits. */
  static boolean wantsLogits(Sequence sequence) {
    return sequence.choice() == 0
        && sequence.outputLength() == 0
        && sequence.request().diagnosedDrafts() != ActiveRequest.NO_DIAGNOSIS;
  }
}
