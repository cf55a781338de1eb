package dev.tenon.engine.runtime.scheduler;

/** Where a sequence is in its life. */
public enum Phase {
  /** Queued, without state on the device. */
  WAITING,
  /** Has a slot and takes part in steps. */
  RUNNING,
  /** Gives up its state as soon as its last launched step has ended, and waits again then. */
  PREEMPTED,
  /** Over; its state returns as soon as its last launched step has ended. */
  ENDED
}
