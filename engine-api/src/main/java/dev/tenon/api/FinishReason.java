package dev.tenon.api;

/** Why a choice ended. */
public enum FinishReason {
  /** An end-of-text or stop id, or a stop text. */
  STOP,
  /** The token limit or the end of the context. */
  LENGTH,
  /** Cancelled by its owner. */
  CANCELLED
}
