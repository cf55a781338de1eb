package dev.tenon.engine.runtime.stream;

/** How a reader tells the engine that it needs no more. May be called from any thread, any time. */
public interface Cancellation {
  /** A choice is complete: a stop text was found in it. */
  void choiceComplete(int choice);

  /** Nothing of the request is wanted any more. */
  void cancel();
}
