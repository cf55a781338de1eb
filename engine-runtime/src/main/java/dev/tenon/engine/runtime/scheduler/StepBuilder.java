package dev.tenon.engine.runtime.scheduler;

import dev.tenon.spi.backend.StepShape;
import java.util.ArrayList;
import java.util.List;

/** Fills a step as far as its bounds allow. */
final class StepBuilder {
  private final List<Work> works = new ArrayList<>();
  private int rowsLeft;
  private int logitRowsLeft;
  private int sequencesLeft;

  StepBuilder(StepShape limits) {
    rowsLeft = limits.rows();
    logitRowsLeft = limits.logitRows();
    sequencesLeft = limits.sequences();
  }

  List<Work> works() {
    return works;
  }

  void addDecode(Work work) {
    add(work);
  }

  /** Adds as much of a prompt as fits; answers whether anything did. */
  boolean addPrefill(Sequence sequence) {
    int remaining = sequence.setup().length - sequence.prefilled();
    int rows = Math.min(rowsLeft, remaining);
    if (sequence.reportsPrompt()) {
      rows = Math.min(rows, logitRowsLeft);
    } else if (rows == remaining && logitRowsLeft == 0) {
      rows--;
    }
    if (rows < 1 || sequencesLeft == 0) {
      return false;
    }
    add(Work.prefill(sequence, rows));
    return true;
  }

  /** Adds a prompt if all of it fits; answers whether it did. */
  boolean addWholePrefill(Sequence sequence) {
    int rows = sequence.setup().length;
    if (rows > rowsLeft || logitRowsLeft == 0 || sequencesLeft == 0) {
      return false;
    }
    add(Work.prefill(sequence, rows));
    return true;
  }

  private void add(Work work) {
    works.add(work);
    rowsLeft -= work.rows();
    logitRowsLeft -= work.logitRows();
    sequencesLeft--;
    if (rowsLeft < 0 || logitRowsLeft < 0 || sequencesLeft < 0) {
      throw new IllegalStateException("step overflows its bounds with " + work);
    }
  }
}
