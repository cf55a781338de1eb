package dev.tenon.api;

/**
 * Whether an engine serves.
 *
 * @param state what it does
 * @param reason for people; empty while it serves
 */
public record EngineHealth(State state, String reason) {
  /** What an engine does. */
  public enum State {
    /** Takes and serves requests. */
    SERVING,
    /** Ends what runs, takes nothing new. */
    DRAINING,
    /** Ended by a fault; the reason names it. */
    FAILED,
    /** Closed by its owner. */
    CLOSED
  }
}
