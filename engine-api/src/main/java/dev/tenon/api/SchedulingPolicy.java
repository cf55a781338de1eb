package dev.tenon.api;

/** Which waiting request is admitted next. */
public enum SchedulingPolicy {
  /** In order of arrival. */
  FCFS,
  /** Lowest {@link GenerationRequest#priority()} first, then in order of arrival. */
  PRIORITY
}
