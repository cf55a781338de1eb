package dev.tenon.server.javalin;

import org.jspecify.annotations.Nullable;

/** The client closed its connection: nobody waits for the answer. */
final class ClientGone extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ClientGone(@Nullable Throwable cause) {
    super("the client closed the connection", cause, false, false);
  }
}
