package dev.tenon.engine.runtime.state;

import dev.tenon.engine.runtime.scheduler.Room;
import dev.tenon.engine.runtime.scheduler.Sequence;
import dev.tenon.engine.runtime.scheduler.StepPlan;
import dev.tenon.engine.runtime.scheduler.Work;
import dev.tenon.spi.backend.StatePlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;

/**
 * Gives slots and pages to the sequences of a step, for the worst case of what it may write. When
 * pages run out, the most junior sequences lose theirs; when that does not suffice at once, because
 * a launched step still uses them, those that lack pages sit a step out. What a sequence had
 * returns after its last launched step. Owned by the engine's thread.
 */
public final class StateCoordinator implements Room {
  /** Of a pool, this share may be kept free at an admission, so that the others can grow. */
  private static final int GROWTH_SHARE = 8;

  private final PageDemand demand;
  private final PagePool pages;
  private final SlotPool slots;
  private final Comparator<Sequence> seniority;
  private final PageEntries entries = new PageEntries();
  private final List<Sequence> leaving = new ArrayList<>();
  private int leavingPages;
  private long completedStep = -1;

  /** Pools as allocated. */
  public StateCoordinator(StatePlan plan, Comparator<Sequence> seniority) {
    this.demand = new PageDemand(plan);
    this.pages = new PagePool(plan.pages());
    this.slots = new SlotPool(plan.slots());
    this.seniority = seniority;
  }

  @Override
  public int freeSlots() {
    return slots.free();
  }

  @Override
  public boolean admits(Sequence sequence) {
    int running = slots.total() - slots.free() - leaving.size();
    int margin = Math.min(running, pages.total() / GROWTH_SHARE);
    return demand.ofSetup(sequence.setup().length) + margin <= pages.free();
  }

  /**
   * Gives the works of a plan what they need, or drops them.
   *
   * @param running sequences that may be preempted, most senior first
   */
  public Reservation reserve(StepPlan plan, List<Sequence> running) {
    entries.clear();
    int missing = 0;
    for (Work work : plan.works()) {
      missing += work.isAdmission() ? 0 : Math.max(0, lacking(work));
    }
    if (missing > pages.free()) {
      return reserveScarce(plan, running);
    }
    List<Work> kept = new ArrayList<>(plan.works().size());
    boolean admitting = true;
    for (Work work : plan.works()) {
      if (!work.isAdmission()) {
        extend(work);
        kept.add(work);
      } else if (admitting && slots.free() > 0 && admits(work.sequence())) {
        admit(work.sequence());
        kept.add(work);
      } else {
        admitting = false;
      }
    }
    return new Reservation(new StepPlan(plan.id(), kept), entries.toArray(), List.of());
  }

  /** Serves in order of seniority, preempts from the other end, admits nobody. */
  private Reservation reserveScarce(StepPlan plan, List<Sequence> running) {
    List<Work> ordered = new ArrayList<>(plan.works());
    ordered.removeIf(Work::isAdmission);
    ordered.sort(Comparator.comparing(Work::sequence, seniority));
    List<Sequence> victims = new ArrayList<>();
    List<Work> served = new ArrayList<>();
    int last = running.size();
    int claimed = 0;
    boolean stalled = false;
    for (Work work : ordered) {
      Sequence sequence = work.sequence();
      if (victims.contains(sequence)) {
        continue;
      }
      int lacking = Math.max(0, lacking(work));
      while (lacking > 0
          && pages.free() + leavingPages - claimed < lacking
          && last > 0
          && seniority.compare(running.get(last - 1), sequence) > 0) {
        Sequence victim = running.get(--last);
        victim.preempt();
        victims.add(victim);
        retire(victim);
      }
      if (lacking == 0 || (!stalled && lacking <= pages.free())) {
        extend(work);
        served.add(work);
      } else {
        claimed += lacking;
        stalled = true;
      }
    }
    List<Work> kept = new ArrayList<>(plan.works());
    kept.retainAll(served);
    return new Reservation(new StepPlan(plan.id(), kept), entries.toArray(), victims);
  }

  /** A sequence ended or was preempted: what it has returns once its last launched step is over. */
  public void retire(Sequence sequence) {
    leaving.add(sequence);
    leavingPages += slots.table(sequence.slot()).size();
  }

  /**
   * A step is over, and with it all before.
   *
   * @return sequences that just left their slots
   */
  public List<Sequence> completed(long step) {
    completedStep = step;
    return collect();
  }

  /** Takes back what no launched step uses; answers the sequences that just left their slots. */
  public List<Sequence> collect() {
    if (leaving.isEmpty()) {
      return List.of();
    }
    List<Sequence> left = new ArrayList<>();
    for (Iterator<Sequence> all = leaving.iterator(); all.hasNext(); ) {
      Sequence sequence = all.next();
      if (sequence.lastStep() <= completedStep) {
        all.remove();
        int slot = sequence.slot();
        leavingPages -= slots.table(slot).size();
        slots.give(slot, pages);
        sequence.vacate();
        left.add(sequence);
      }
    }
    return left;
  }

  /** Pages in use. */
  public int usedPages() {
    return pages.total() - pages.free();
  }

  /** Slots in use. */
  public int usedSlots() {
    return slots.total() - slots.free();
  }

  /**
   * Checks that every slot and every page is in exactly one place.
   *
   * @throws IllegalStateException naming what is not
   */
  public void checkIntegrity() {
    slots.checkIntegrity(pages);
    int expected = 0;
    for (Sequence sequence : leaving) {
      expected += slots.table(sequence.slot()).size();
    }
    if (expected != leavingPages) {
      throw new IllegalStateException(
          leavingPages + " pages are expected back, " + expected + " will come");
    }
  }

  private int lacking(Work work) {
    return demand.of(work) - slots.table(work.sequence().slot()).size();
  }

  private void admit(Sequence sequence) {
    sequence.occupy(slots.take(sequence));
    grow(sequence.slot(), demand.ofSetup(sequence.setup().length));
  }

  private void extend(Work work) {
    grow(work.sequence().slot(), demand.of(work));
  }

  private void grow(int slot, int size) {
    PageTable table = slots.table(slot);
    while (table.size() < size) {
      int page = pages.take();
      entries.add(slot, table.size(), page);
      table.add(page);
    }
  }
}
