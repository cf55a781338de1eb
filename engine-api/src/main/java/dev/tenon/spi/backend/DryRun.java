package dev.tenon.spi.backend;

/**
 * A backend without a device's memory: a model is bound to it, pools are allocated and steps are
 * recorded as on the real one, and nothing is done but counting. What it hands out is of use to
 * itself alone; its steps cannot be launched. The same thread rule as {@link Backend}.
 */
public interface DryRun extends Backend {
  /** What the calls so far would have taken. */
  Counted counted();

  /**
   * Bytes on a device, beside pages and slots.
   *
   * @param weights packed
   * @param work temporary buffers of the largest step recorded, and what steps share
   * @param recordings of all steps recorded; an estimate, since a driver decides
   */
  record Counted(long weights, long work, long recordings) {}
}
