package dev.tenon.server.javalin;

import dev.tenon.server.javalin.ChatRequest.ParallelCalls;
import dev.tenon.spi.toolcall.ToolEvent;
import dev.tenon.spi.toolcall.ToolParserSession;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Separates one choice's text into content and calls. */
final class ToolCalls {
  private final @Nullable ToolParserSession session;
  private final ParallelCalls parallel;
  private boolean called;

  /** Without a session all text is content. */
  ToolCalls(@Nullable ToolParserSession session, ParallelCalls parallel) {
    this.session = session;
    this.parallel = parallel;
  }

  List<ToolEvent> feed(String text) {
    if (session != null) {
      return kept(session.feed(text));
    }
    return text.isEmpty() ? List.of() : List.of(new ToolEvent.Content(text));
  }

  List<ToolEvent> finish() {
    return session == null ? List.of() : kept(session.finish());
  }

  /** Whether the choice holds a call. */
  boolean called() {
    return called;
  }

  private List<ToolEvent> kept(List<ToolEvent> events) {
    List<ToolEvent> kept = events.stream().filter(this::isKept).toList();
    called |= kept.stream().anyMatch(ToolEvent.CallStarted.class::isInstance);
    return kept;
  }

  private boolean isKept(ToolEvent event) {
    return parallel == ParallelCalls.MANY
        || switch (event) {
          case ToolEvent.Content content -> true;
          case ToolEvent.CallStarted start -> start.index() == 0;
          case ToolEvent.ArgumentsDelta delta -> delta.index() == 0;
        };
  }
}
