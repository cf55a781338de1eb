package dev.tenon.engine.runtime.step;

import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.scheduler.ActiveRequest;
import java.util.List;

/** What other threads ask of the engine's thread. */
public sealed interface Command {
  /** New requests, which come in together. */
  record Submit(List<ActiveRequest> requests) implements Command {}

  /** A request's owner wants no more of it. */
  record Cancel(ActiveRequest request) implements Command {}

  /** A stop text was found in a choice. */
  record CompleteChoice(ActiveRequest request, int choice) implements Command {}

  /** The engine cannot go on. */
  record Fail(TenonException reason) implements Command {}

  /** The engine is to end. */
  record Shutdown() implements Command {}
}
