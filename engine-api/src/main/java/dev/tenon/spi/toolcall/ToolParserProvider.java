package dev.tenon.spi.toolcall;

import dev.tenon.spi.Provider;

/** A format of tool calls, named by {@code --tool-call-parser}. Thread-safe. */
public interface ToolParserProvider extends Provider {
  /** A parser for one answer. */
  ToolParserSession open();
}
