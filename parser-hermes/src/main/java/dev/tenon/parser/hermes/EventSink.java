package dev.tenon.parser.hermes;

import dev.tenon.spi.toolcall.ToolEvent;
import java.util.ArrayList;
import java.util.List;

/**
 * Collects events, joining neighbours of a kind. A piece never ends between two surrogates: each
 * can be encoded on its own.
 */
final class EventSink {
  private static final int CONTENT = -1;

  private List<ToolEvent> events = new ArrayList<>();
  private final StringBuilder piece = new StringBuilder();
  private int owner = CONTENT;

  void content(CharSequence text) {
    switchTo(CONTENT);
    piece.append(text);
  }

  void content(char character) {
    switchTo(CONTENT);
    piece.append(character);
  }

  void callStarted(int index, String name) {
    close(piece.length());
    owner = index;
    events.add(new ToolEvent.CallStarted(index, name));
  }

  void arguments(int index, CharSequence json) {
    switchTo(index);
    piece.append(json);
  }

  /** What was collected since the last call, less a half character. */
  List<ToolEvent> drain() {
    int end = piece.length();
    if (end > 0 && Character.isHighSurrogate(piece.charAt(end - 1))) {
      end--;
    }
    return drain(end);
  }

  /** What was collected since the last call, all of it. */
  List<ToolEvent> drainAll() {
    return drain(piece.length());
  }

  private List<ToolEvent> drain(int end) {
    close(end);
    List<ToolEvent> drained = events;
    events = new ArrayList<>();
    return drained;
  }

  private void switchTo(int next) {
    if (owner != next) {
      close(piece.length());
      owner = next;
    }
  }

  private void close(int end) {
    if (end == 0) {
      return;
    }
    String text = piece.substring(0, end);
    piece.delete(0, end);
    events.add(
        owner == CONTENT ? new ToolEvent.Content(text) : new ToolEvent.ArgumentsDelta(owner, text));
  }
}
