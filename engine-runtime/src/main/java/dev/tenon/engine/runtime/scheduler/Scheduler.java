package dev.tenon.engine.runtime.scheduler;

import dev.tenon.api.EngineConfig.ChunkedPrefill;
import dev.tenon.spi.backend.StepShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Continuous batching: each step takes decodes first, then parts of prompts in order of seniority,
 * then admits waiting sequences, within the bounds of a step. Owned by the engine's thread.
 */
public final class Scheduler {
  private final StepShape limits;
  private final ChunkedPrefill chunkedPrefill;
  private final Comparator<Sequence> seniority;
  private final @Nullable HostDrafter drafter;
  private final List<Sequence> running = new ArrayList<>();
  private final TreeSet<Sequence> waiting;
  private int rotation;
  private boolean decodesHeldBack;

  /**
   * A scheduler.
   *
   * @param limits bounds of a step
   * @param seniority who comes first
   * @param drafter drafts on the host; {@code null} where the device drafts, or nobody
   */
  public Scheduler(
      StepShape limits,
      ChunkedPrefill chunkedPrefill,
      Comparator<Sequence> seniority,
      @Nullable HostDrafter drafter) {
    this.limits = limits;
    this.chunkedPrefill = chunkedPrefill;
    this.seniority = seniority;
    this.drafter = drafter;
    this.waiting = new TreeSet<>(seniority);
  }

  /** Queues a sequence. */
  public void enqueue(Sequence sequence) {
    if (sequence.phase() != Phase.WAITING || !waiting.add(sequence)) {
      throw new IllegalStateException(sequence + " cannot be queued");
    }
  }

  /** Takes a sequence out, wherever it is. */
  public void remove(Sequence sequence) {
    if (!waiting.remove(sequence)) {
      int index = Collections.binarySearch(running, sequence, seniority);
      if (index >= 0) {
        running.remove(index);
      }
    }
  }

  /** Sequences that have a slot and go on, most senior first. Not to be changed. */
  public List<Sequence> running() {
    return running;
  }

  /** Number of sequences that wait. */
  public int waiting() {
    return waiting.size();
  }

  /** Whether nothing runs or waits. */
  public boolean isIdle() {
    return running.isEmpty() && waiting.isEmpty();
  }

  /** Proposes a step. Changes nothing but whose turn is next. */
  public StepPlan plan(long id, Room room) {
    List<Sequence> decodes = new ArrayList<>(running.size());
    boolean prefilling = false;
    for (Sequence sequence : running) {
      if (!sequence.isPrefilled()) {
        prefilling = true;
      } else if (!sequence.surelyEnds()) {
        decodes.add(sequence);
      }
    }
    int freeSlots = room.freeSlots();
    boolean admitting = freeSlots > 0 && !waiting.isEmpty() && room.admits(waiting.first());
    StepBuilder step = new StepBuilder(limits);
    decodesHeldBack = admitting && !decodesHeldBack && needsWholeStep(decodes.size());
    if (!decodesHeldBack) {
      planDecodes(step, decodes, prefilling, admitting);
    }
    for (Sequence sequence : running) {
      if (!sequence.isPrefilled()) {
        step.addPrefill(sequence);
      }
    }
    if (admitting) {
      planAdmissions(step, freeSlots);
    }
    return new StepPlan(id, step.works());
  }

  /** The proposal, or what was left of it, was launched. */
  public void launched(StepPlan plan) {
    for (Work work : plan.works()) {
      Sequence sequence = work.sequence();
      if (waiting.remove(sequence)) {
        int index = Collections.binarySearch(running, sequence, seniority);
        running.add(-index - 1, sequence);
      }
      sequence.launched(work, plan.id());
    }
  }

  /** Whether the next prompt cannot be cut and does not fit beside the decodes. */
  private boolean needsWholeStep(int decodes) {
    return chunkedPrefill == ChunkedPrefill.DISABLED
        && waiting.first().setup().length > limits.rows() - decodes * (1 + limits.draftTokens());
  }

  private void planDecodes(
      StepBuilder step, List<Sequence> decodes, boolean prefilling, boolean admitting) {
    int count = decodes.size();
    if (count == 0) {
      return;
    }
    int rows = limits.rows();
    int logitRows = limits.logitRows();
    if (prefilling) {
      rows -= Math.max(1, rows / 4);
      logitRows -= Math.clamp(logitRows / 4, 1, 16);
    } else if (admitting) {
      rows = Math.max(Math.min(count, rows), rows - Math.max(1, rows / 4));
      logitRows =
          Math.max(Math.min(count, logitRows), logitRows - Math.clamp(logitRows / 4, 1, 16));
    }
    int available = Math.min(rows, logitRows);
    int served = Math.min(count, Math.min(available, limits.sequences()));
    int drafts = served == 0 ? 0 : Math.min(limits.draftTokens(), available / served - 1);
    int first = served < count ? rotation % count : 0;
    for (int i = 0; i < served; i++) {
      Sequence sequence = decodes.get((first + i) % count);
      int most = Math.max(0, Math.min(drafts, sequence.limit() - 2 - sequence.decodeStart()));
      step.addDecode(
          drafter == null || most == 0
              ? Work.decode(sequence, most)
              : Work.decode(sequence, drafter.draft(sequence, most)));
    }
    rotation = served < count ? (first + served) % count : 0;
  }

  private void planAdmissions(StepBuilder step, int freeSlots) {
    int left = freeSlots;
    for (Sequence sequence : waiting) {
      if (left == 0) {
        return;
      }
      boolean whole = chunkedPrefill == ChunkedPrefill.DISABLED && !sequence.reportsPrompt();
      if (whole ? !step.addWholePrefill(sequence) : !step.addPrefill(sequence)) {
        return;
      }
      left--;
    }
  }
}
