package dev.tenon.engine.runtime.scheduler;

/** Drafts for one sequence, made on the host when a step is planned. */
@FunctionalInterface
public interface HostDrafter {
  /** At most {@code most} drafts. */
  int[] draft(Sequence sequence, int most);
}
