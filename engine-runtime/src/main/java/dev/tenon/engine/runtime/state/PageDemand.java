package dev.tenon.engine.runtime.state;

import dev.tenon.engine.runtime.scheduler.Work;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;

/** How many pages a sequence needs in the worst case. */
public final class PageDemand {
  private final int pageSize;
  private final int draftTail;

  /** For pools of this plan. */
  public PageDemand(StatePlan plan) {
    this.pageSize = plan.pageSize();
    this.draftTail = draftTail(plan.limits());
  }

  /** Positions behind a step's last row that its drafting passes write. */
  private static int draftTail(StateLimits limits) {
    return Math.max(0, limits.draftTokens() - 1);
  }

  /** Pages that a step's rows and drafting passes reach into. */
  int of(Work work) {
    return pages((long) work.start() + work.rows() + draftTail);
  }

  /** Pages that a prompt, or what is recomputed, needs. */
  int ofSetup(int length) {
    return pages((long) length + draftTail);
  }

  /** Pages of a sequence that grows to {@code length} tokens; its last token is never processed. */
  public int ofSequence(int length) {
    return pages((long) length - 1 + draftTail);
  }

  /** Longest sequence that a pool of {@code pages} holds. */
  public int longest(int pages) {
    return (int) Math.min(Integer.MAX_VALUE, (long) pages * pageSize + 1 - draftTail);
  }

  private int pages(long positions) {
    return Math.toIntExact(Math.ceilDiv(positions, pageSize));
  }
}
