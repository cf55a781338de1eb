package dev.tenon.engine.tck.asserting;

import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Follows the batches and outcomes of one backend, and fails on the first that breaks a rule. */
final class ProtocolShadow {
  private final StatePlan plan;
  private final @Nullable SlotShadow[] slots;
  private final long[] pageOwners;
  private final Drafts drafts;
  private long owners;
  private long lastLaunched = -1;
  private long lastAwaited = -1;

  /** Who drafts. */
  enum Drafts {
    /** Nobody, or the host. */
    HOST,
    /** The device. */
    DEVICE
  }

  ProtocolShadow(StatePlan plan, Drafts drafts) {
    this.plan = plan;
    this.drafts = drafts;
    this.slots = new SlotShadow[plan.slots()];
    this.pageOwners = new long[plan.pages()];
  }

  /** Checks a batch before it is launched. */
  synchronized void launch(StepBatch batch, StepShape shape) {
    require(batch.id() > lastLaunched, "step %d follows step %d", batch.id(), lastLaunched);
    lastLaunched = batch.id();
    StepShape size = StepShape.of(batch, shape.draftTokens());
    require(shape.holds(size), "%s holds no batch of %s", shape, size);
    batch.setups().forEach(this::setUp);
    mapPages(batch);
    BitSet used = new BitSet();
    for (int b = 0; b < batch.sequences(); b++) {
      int index = batch.slots()[b];
      require(!used.get(index), "slot %d is in step %d twice", index, batch.id());
      used.set(index);
      launch(batch, b, slot(index), shape);
    }
  }

  private void setUp(SlotSetup setup) {
    SlotShadow before = slots[setup.slot()];
    require(
        before == null || before.lastStep <= lastAwaited,
        "slot %d changes hands while step %d runs",
        setup.slot(),
        before == null ? -1 : before.lastStep);
    int length = setup.tokens().length;
    require(
        length > 0 && length < plan.limits().maxLength() && setup.promptLength() <= length,
        "slot %d is set up with %d tokens, %d of the prompt",
        setup.slot(),
        length,
        setup.promptLength());
    slots[setup.slot()] = new SlotShadow(setup, ++owners);
  }

  private void mapPages(StepBatch batch) {
    int[] triples = batch.pages();
    require(triples.length % 3 == 0, "%d page entries are not triples", triples.length);
    for (int i = 0; i < triples.length; i += 3) {
      SlotShadow slot = slot(triples[i]);
      require(
          triples[i + 1] == slot.table.size(),
          "slot %d maps index %d after %d entries",
          triples[i],
          triples[i + 1],
          slot.table.size());
      slot.table.add(triples[i + 2]);
      pageOwners[triples[i + 2]] = slot.owner;
    }
  }

  private void launch(StepBatch batch, int b, SlotShadow slot, StepShape shape) {
    int rows = batch.rowOffsets()[b + 1] - batch.rowOffsets()[b];
    int start = batch.starts()[b];
    require(rows > 0, "sequence %d of step %d has no rows", b, batch.id());
    slot.lastStep = batch.id();
    if (batch.kinds()[b] == StepBatch.DECODE) {
      require(slot.isPrefilled(), "slot %d decodes before its prompt ends", batch.slots()[b]);
      require(
          start >= Math.min(slot.earliestStart(), plan.limits().maxLength() - 2)
              || slot.pendingMost > 0,
          "slot %d starts at %d, before %d",
          batch.slots()[b],
          start,
          slot.earliestStart());
      require(rows - 1 <= shape.draftTokens(), "%d drafts in %s", rows - 1, shape);
      int host = batch.hostDrafts()[b];
      require(host == 0 || host == rows - 1, "%d of %d drafts by the host", host, rows - 1);
      require(
          rows == 1 || host > 0 || (slot.hasDrafts && drafts == Drafts.DEVICE),
          "slot %d verifies drafts that nobody made",
          batch.slots()[b]);
      requireLogitRows(batch, b, rows);
      slot.pendingMost += rows;
    } else {
      boolean last = batch.kinds()[b] == StepBatch.PREFILL_LAST;
      int[] setup = slot.setup.tokens();
      require(
          start == slot.prefilled && last == (start + rows == setup.length),
          "slot %d: rows %d to %d as kind %d of %d tokens, %d were given",
          batch.slots()[b],
          start,
          start + rows - 1,
          batch.kinds()[b],
          setup.length,
          slot.prefilled);
      int first = batch.rowOffsets()[b];
      require(
          Arrays.equals(batch.tokens(), first, first + rows, setup, start, start + rows),
          "slot %d: tokens differ from its setup",
          batch.slots()[b]);
      boolean reports = slot.setup.sampling().promptLogprobs() >= 0;
      requireLogitRows(batch, b, reports ? rows : last ? 1 : 0);
      slot.prefilled += rows;
      slot.pendingMost += last ? 1 : 0;
      slot.hasDrafts = last;
    }
    requireCovered(batch, b, slot, start + rows);
  }

  private void requireCovered(StepBatch batch, int b, SlotShadow slot, int end) {
    if (!slot.ended) {
      require(
          (long) slot.table.size() * plan.pageSize() >= end,
          "slot %d writes position %d with %d pages",
          batch.slots()[b],
          end - 1,
          slot.table.size());
      for (int page : slot.table) {
        require(
            pageOwners[page] == slot.owner,
            "slot %d uses page %d, which was given to another sequence",
            batch.slots()[b],
            page);
      }
    }
  }

  private static void requireLogitRows(StepBatch batch, int b, int expected) {
    int end = batch.rowOffsets()[b + 1];
    for (int row = batch.rowOffsets()[b]; row < end; row++) {
      boolean present = Arrays.binarySearch(batch.logitRows(), row) >= 0;
      require(
          present == (row >= end - expected),
          "row %d of step %d: logits %s",
          row,
          batch.id(),
          present ? "not needed" : "missing");
    }
  }

  /** Checks a step's outcome. */
  synchronized void outcome(StepBatch batch, StepShape shape, StepOutput output) {
    require(output.id() == batch.id(), "step %d is answered as %d", batch.id(), output.id());
    require(output.width() == 1 + shape.draftTokens(), "width %d in %s", output.width(), shape);
    lastAwaited = Math.max(lastAwaited, batch.id());
    for (int b = 0; b < batch.sequences(); b++) {
      SlotShadow slot = slot(batch.slots()[b]);
      if (slot.lastStep >= batch.id() && slot.setup.tokens().length > 0) {
        outcome(batch, b, slot, output);
      }
    }
  }

  private static void outcome(StepBatch batch, int b, SlotShadow slot, StepOutput output) {
    int rows = batch.rowOffsets()[b + 1] - batch.rowOffsets()[b];
    int most =
        switch (batch.kinds()[b]) {
          case StepBatch.DECODE -> rows;
          case StepBatch.PREFILL_LAST -> 1;
          default -> 0;
        };
    int count = output.counts()[b];
    if (slot.ended) {
      require(count == 0, "slot %d brings tokens after its end", batch.slots()[b]);
    } else {
      require(
          count >= Math.min(1, most) && count <= most,
          "slot %d brings %d of at most %d tokens",
          batch.slots()[b],
          count,
          most);
    }
    for (int i = 0; i < count; i++) {
      int token = output.tokens()[b * output.width() + i];
      require(
          token >= 0 && token < slot.setup.sampling().usableIds(),
          "slot %d brings id %d of %d",
          batch.slots()[b],
          token,
          slot.setup.sampling().usableIds());
      require(
          slot.setup.sampling().logprobs() < 0
              || output.logprobs().containsKey(b * output.width() + i),
          "slot %d lacks log-probabilities",
          batch.slots()[b]);
    }
    slot.output += count;
    slot.pendingMost -= most;
    slot.ended |= output.ends()[b] != StepOutput.RUNNING;
  }

  private SlotShadow slot(int index) {
    SlotShadow slot = slots[index];
    if (slot == null) {
      throw new AssertionError("slot " + index + " was never set up");
    }
    return slot;
  }

  private static void require(boolean condition, String message, Object... values) {
    if (!condition) {
      throw new AssertionError("step protocol: " + message.formatted(values));
    }
  }
}
