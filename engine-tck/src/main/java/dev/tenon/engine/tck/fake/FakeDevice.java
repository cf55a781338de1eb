package dev.tenon.engine.tck.fake;

import dev.tenon.api.TokenLogprobs;
import dev.tenon.engine.tck.fake.FakeOptions.Checks;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import java.util.Arrays;
import java.util.HashMap;
import org.jspecify.annotations.Nullable;

/** Executes batches as the protocol defines them, and fails on those that break it. */
final class FakeDevice {
  private final StatePlan plan;
  private final FakeOptions options;
  private final FakePages pages;
  private final @Nullable FakeSlot[] slots;
  private long owners;
  private long lastId = -1;
  private long lastAwaited = -1;

  FakeDevice(StatePlan plan, FakeOptions options) {
    this.plan = plan;
    this.options = options;
    this.pages = new FakePages(plan);
    this.slots = new FakeSlot[plan.slots()];
  }

  /** The host learned a step's outcome. */
  void awaited(long step) {
    lastAwaited = Math.max(lastAwaited, step);
  }

  StepOutput run(StepBatch batch, StepShape shape, Drafting drafting) {
    FakeRules.require(batch.id() > lastId, () -> "step " + batch.id() + " follows step " + lastId);
    lastId = batch.id();
    FakeRules.check(batch, shape);
    batch.setups().forEach(this::setUp);
    mapPages(batch);
    int sequences = batch.sequences();
    int width = 1 + shape.draftTokens();
    StepOutput output =
        new StepOutput(
            batch.id(),
            width,
            new int[sequences],
            new int[sequences * width],
            new byte[sequences],
            new int[sequences * shape.draftTokens()],
            new HashMap<>(),
            new HashMap<>(),
            new HashMap<>());
    for (int b = 0; b < sequences; b++) {
      run(batch, b, shape, drafting, output);
    }
    return output;
  }

  /** Who makes the drafts of a step. */
  enum Drafting {
    /** Nobody, or the host. */
    NOT_HERE,
    /** The step itself. */
    DEVICE
  }

  private void setUp(SlotSetup setup) {
    int index = setup.slot();
    FakeSlot before = slots[index];
    FakeRules.require(
        before == null || before.lastStep <= lastAwaited,
        () -> "slot " + index + " changes hands while a step of its last owner runs");
    int length = setup.tokens().length;
    FakeRules.require(
        length >= 1 && length < plan.limits().maxLength() && setup.promptLength() <= length,
        () -> "setup of slot " + index + " with " + length + " tokens");
    slots[index] = new FakeSlot(index, setup, ++owners);
  }

  private void mapPages(StepBatch batch) {
    int[] triples = batch.pages();
    for (int i = 0; i < triples.length; i += 3) {
      FakeSlot slot = slot(triples[i]);
      int page = triples[i + 2];
      long owner = pages.owner(page);
      for (FakeSlot other : slots) {
        FakeRules.require(
            other == null || other.owner != owner || owner == 0 || other.lastStep <= lastAwaited,
            () -> "page " + page + " changes hands while a step of its last owner runs");
      }
      FakeRules.require(
          slot.tableSize < plan.pagesPerSequence(),
          () -> "slot " + slot.index + " has too many pages");
      pages.handOver(slot, triples[i + 1], page);
    }
  }

  private FakeSlot slot(int index) {
    FakeSlot slot = slots[index];
    if (slot == null) {
      throw FakeRules.broken("slot " + index + " was never set up");
    }
    return slot;
  }

  private void run(StepBatch batch, int b, StepShape shape, Drafting drafting, StepOutput output) {
    FakeSlot slot = slot(batch.slots()[b]);
    slot.lastStep = batch.id();
    boolean draws;
    if (batch.kinds()[b] == StepBatch.DECODE) {
      draws = decode(batch, b, slot, shape, output);
    } else {
      draws = prefill(batch, b, slot, output);
    }
    if (draws && drafting == Drafting.DEVICE) {
      propose(slot, shape.draftTokens(), output.drafts(), b);
    }
    for (int wanted : batch.logitsWanted()) {
      if (wanted == b) {
        float[] logits = new float[plan.limits().vocabularySize()];
        logits[output.tokens()[b * output.width()]] = 1f;
        output.logits().put(b, logits);
      }
    }
  }

  private boolean prefill(StepBatch batch, int b, FakeSlot slot, StepOutput output) {
    int[] setup = slot.setup.tokens();
    int first = batch.rowOffsets()[b];
    int rows = batch.rowOffsets()[b + 1] - first;
    int start = batch.starts()[b];
    int end = start + rows;
    boolean last = batch.kinds()[b] == StepBatch.PREFILL_LAST;
    FakeRules.require(
        start == slot.computed && end <= setup.length && last == (end == setup.length),
        () ->
            "slot %d: rows %d to %d of %d as kind %d, %d were processed"
                .formatted(slot.index, start, end, setup.length, batch.kinds()[b], slot.computed));
    FakeRules.require(
        batch.nextTokens()[b] == (last ? -1 : setup[end]),
        () -> "slot " + slot.index + ": next token");
    FakeRules.require(batch.hostDrafts()[b] == 0, () -> "host drafts of a prompt");
    FakeRules.require(
        Arrays.equals(batch.tokens(), first, first + rows, setup, start, end),
        () -> "slot " + slot.index + ": tokens differ from its setup");
    boolean reports = slot.sampling().promptLogprobs() >= 0;
    FakeRules.requireLogitRows(batch, b, reports ? rows : last ? 1 : 0);
    pages.requireCovered(slot, end + tail());
    for (int i = 0; i < rows; i++) {
      commit(slot, setup[start + i]);
      if (reports && start + i + 1 < setup.length) {
        output.promptLogprobs().put(first + i, logprobs(setup[start + i + 1], slot.sampling()));
      }
    }
    if (!last) {
      return false;
    }
    emit(slot, b, 0, output);
    return true;
  }

  private boolean decode(
      StepBatch batch, int b, FakeSlot slot, StepShape shape, StepOutput output) {
    int first = batch.rowOffsets()[b];
    int drafts = batch.rowOffsets()[b + 1] - first - 1;
    int host = batch.hostDrafts()[b];
    FakeRules.require(
        slot.isPrefilled(), () -> "slot " + slot.index + " decodes before its prompt ends");
    FakeRules.require(drafts <= shape.draftTokens(), () -> drafts + " drafts in " + shape);
    FakeRules.require(
        host == 0 || host == drafts, () -> host + " of " + drafts + " drafts by the host");
    FakeRules.requireLogitRows(batch, b, 1 + drafts);
    if (slot.ended) {
      return false;
    }
    FakeRules.require(
        batch.starts()[b] >= slot.computed,
        () ->
            "slot %d is at %d, beyond its bound %d"
                .formatted(slot.index, slot.computed, batch.starts()[b]));
    FakeRules.require(
        batch.starts()[b] + drafts < plan.limits().maxLength(),
        () -> "rows beyond the longest length");
    FakeRules.require(
        host > 0 || drafts <= slot.drafts.length,
        () -> "slot %d verifies %d of %d drafts".formatted(slot.index, drafts, slot.drafts.length));
    pages.requireCovered(slot, batch.starts()[b] + 1 + drafts + tail());
    int[] proposed =
        host > 0
            ? Arrays.copyOfRange(batch.tokens(), first + 1, first + 1 + drafts)
            : Arrays.copyOf(slot.drafts, drafts);
    for (int i = 0; i < drafts; i++) {
      pages.write(slot, slot.computed + 1 + i, proposed[i]);
    }
    for (int i = 0; i <= drafts; i++) {
      commit(slot, slot.lastToken);
      int token = emit(slot, b, i, output);
      if (slot.ended || i == drafts || token != proposed[i]) {
        break;
      }
    }
    return true;
  }

  private int tail() {
    return Math.max(0, plan.limits().draftTokens() - 1);
  }

  private void commit(FakeSlot slot, int token) {
    pages.write(slot, slot.computed, token);
    slot.state = FakeTokens.fold(slot.state, token);
    slot.computed++;
  }

  private int emit(FakeSlot slot, int b, int i, StepOutput output) {
    if (options.checks() == Checks.EVERY_POSITION) {
      FakeRules.require(
          pages.replay(slot, slot.computed) == slot.state,
          () -> "slot " + slot.index + ": its pages do not hold its tokens");
    }
    SlotSampling sampling = slot.sampling();
    int token = FakeTokens.next(slot.state, sampling, slot.output);
    slot.lastToken = token;
    slot.output++;
    if (FakeTokens.isEnd(sampling, token)) {
      output.ends()[b] = StepOutput.ENDED_BY_TOKEN;
      slot.ended = true;
    } else if (slot.output >= sampling.maxTokens()
        || slot.computed + 1 >= plan.limits().maxLength()) {
      output.ends()[b] = StepOutput.ENDED_BY_LENGTH;
      slot.ended = true;
    }
    int key = b * output.width() + i;
    output.tokens()[key] = token;
    output.counts()[b]++;
    if (sampling.logprobs() >= 0) {
      output.logprobs().put(key, logprobs(token, sampling));
    }
    return token;
  }

  private void propose(FakeSlot slot, int count, int[] drafts, int b) {
    slot.drafts = new int[count];
    long state = FakeTokens.fold(slot.state, slot.lastToken);
    for (int i = 0; i < count; i++) {
      int right = FakeTokens.next(state, slot.sampling(), slot.output + i);
      boolean hit = (state >>> 11) * 0x1p-53 < options.draftAccuracy();
      slot.drafts[i] = hit ? right : (right + 1) % slot.sampling().usableIds();
      drafts[b * count + i] = slot.drafts[i];
      state = FakeTokens.fold(state, slot.drafts[i]);
    }
  }

  private static TokenLogprobs logprobs(int token, SlotSampling sampling) {
    int count = Math.max(sampling.logprobs(), sampling.promptLogprobs());
    int[] alternatives = new int[count];
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      alternatives[i] = (token + i) % sampling.usableIds();
      values[i] = -1f - i;
    }
    return new TokenLogprobs(token, -1f, 1, alternatives, values);
  }
}
