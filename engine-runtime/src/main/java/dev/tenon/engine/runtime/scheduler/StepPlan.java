package dev.tenon.engine.runtime.scheduler;

import java.util.List;

/**
 * What a step is to do: decodes, then prompts.
 *
 * @param id counts steps
 * @param works in the order of the batch
 */
public record StepPlan(long id, List<Work> works) {
  /** Whether there is nothing to do. */
  public boolean isEmpty() {
    return works.isEmpty();
  }

  /** Rows of all. */
  public int rows() {
    int rows = 0;
    for (Work work : works) {
      rows += work.rows();
    }
    return rows;
  }

  /** Logit rows of all. */
  public int logitRows() {
    int rows = 0;
    for (Work work : works) {
      rows += work.logitRows();
    }
    return rows;
  }
}
