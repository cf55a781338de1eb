package dev.tenon.spi.backend;

/** Issues the operations of a step, or of half of one. */
@FunctionalInterface
public interface StepBody {
  /** Issues them; the operations' results are handles that stay valid until the step's end. */
  void issue(Step step);
}
