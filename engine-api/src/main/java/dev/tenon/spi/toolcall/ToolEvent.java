package dev.tenon.spi.toolcall;

/** What a tool-call parser finds in a model's text, in order. */
public sealed interface ToolEvent {
  /** Text that belongs to no call; never empty. */
  record Content(String text) implements ToolEvent {}

  /**
   * A call begins.
   *
   * @param index 0, 1, … in order of appearance
   * @param name of the tool
   */
  record CallStarted(int index, String name) implements ToolEvent {}

  /**
   * A further piece of a call's arguments; all pieces of an index joined are its JSON text.
   *
   * @param index of the call
   * @param json the piece; never empty
   */
  record ArgumentsDelta(int index, String json) implements ToolEvent {}
}
