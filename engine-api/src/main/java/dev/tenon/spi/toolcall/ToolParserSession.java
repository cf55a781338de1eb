package dev.tenon.spi.toolcall;

import java.util.List;

/**
 * Parses one answer as it arrives. For one thread at a time. Any division of the same text gives
 * the same content, calls and arguments; what is not streamed is the fold of what is.
 */
public interface ToolParserSession {
  /** Takes the next piece of text and returns what is certain by now. */
  List<ToolEvent> feed(String text);

  /** The text has ended: returns everything held back. Called once, last. */
  List<ToolEvent> finish();
}
