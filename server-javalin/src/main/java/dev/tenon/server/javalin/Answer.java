package dev.tenon.server.javalin;

import dev.tenon.api.GenerationEvent;
import java.io.IOException;

/** Turns events into what the client receives. For one thread. */
interface Answer {
  /** Something happened to a prompt. */
  void event(int prompt, GenerationEvent event) throws IOException;

  /** Nothing more has happened yet: an answer that goes piece by piece sends what it has. */
  default void flush() throws IOException {}

  /** Everything has happened. */
  void end() throws IOException;

  /** The engine failed; returns whether the client was told, as part of what it already reads. */
  boolean failed(RuntimeException failure) throws IOException;
}
