package dev.tenon.api;

/** Stable names of everything that can go wrong, and who can do something about it. */
public enum ErrorCode {
  /** A request's field has a value that cannot be served; the message says what would be right. */
  INVALID_REQUEST(Blame.USER),
  /** Prompt, or prompt plus the tokens asked for, exceeds the model's or the engine's length. */
  PROMPT_TOO_LONG(Blame.USER),
  /** The named model is not the one served here, or is not on this machine. */
  MODEL_NOT_FOUND(Blame.USER),
  /** An option of the engine has a value that cannot work. */
  INVALID_CONFIGURATION(Blame.USER),
  /** A checkpoint's files are missing, damaged or of another shape than its config says. */
  INVALID_CHECKPOINT(Blame.USER),
  /** No installed plugin answers to the id or the task; the message lists those installed. */
  PLUGIN_NOT_FOUND(Blame.USER),
  /** A plugin was built for another version of the SPI. */
  PLUGIN_INCOMPATIBLE(Blame.USER),
  /** Something known that this build or this backend does not offer. */
  UNSUPPORTED(Blame.USER),
  /** The waiting queue is full: try again later. */
  QUEUE_FULL(Blame.RESOURCES),
  /** Memory for weights, states or work space does not suffice; the message shows the sums. */
  OUT_OF_MEMORY(Blame.RESOURCES),
  /** No usable device or driver. */
  DEVICE_UNAVAILABLE(Blame.RESOURCES),
  /** The request was cancelled by its owner. */
  CANCELLED(Blame.USER),
  /** The engine, stream or backend was closed before the call. */
  CLOSED(Blame.USER),
  /** The device reported a fault that ends the engine. */
  DEVICE_FAULT(Blame.INTERNAL),
  /** A defect of the engine or of a plugin. */
  INTERNAL(Blame.INTERNAL);

  /** Who can mend an error. */
  public enum Blame {
    /** The caller, by changing the request or the configuration. */
    USER,
    /** Nobody by changing the request: more memory, less load or another machine helps. */
    RESOURCES,
    /** The authors of the engine or of a plugin. */
    INTERNAL
  }

  private final Blame blame;

  ErrorCode(Blame blame) {
    this.blame = blame;
  }

  /** Who can mend it. */
  public Blame blame() {
    return blame;
  }
}
