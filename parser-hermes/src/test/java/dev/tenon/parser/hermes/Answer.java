package dev.tenon.parser.hermes;

import dev.tenon.spi.toolcall.ToolEvent;
import dev.tenon.spi.toolcall.ToolParserSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The fold of a session's events.
 *
 * @param content all content joined
 * @param calls in order
 */
record Answer(String content, List<Call> calls) {
  record Call(String name, String arguments) {}

  /** The answer when a text arrives whole. */
  static Answer whole(String text) {
    return of(List.of(text));
  }

  /** The answer when a text arrives character by character. */
  static Answer single(String text) {
    return of(text.chars().mapToObj(c -> String.valueOf((char) c)).toList());
  }

  /** The answer when a text arrives in random pieces. */
  static Answer pieces(String text, Random random) {
    List<String> pieces = new ArrayList<>();
    for (int at = 0; at < text.length(); ) {
      int end = Math.min(text.length(), at + random.nextInt(9));
      pieces.add(text.substring(at, end));
      at = end;
    }
    return of(pieces);
  }

  static Answer of(List<String> pieces) {
    List<ToolEvent> events = new ArrayList<>();
    ToolParserSession session = new HermesParserProvider().open();
    pieces.forEach(piece -> events.addAll(session.feed(piece)));
    events.addAll(session.finish());
    return fold(events);
  }

  private static Answer fold(List<ToolEvent> events) {
    StringBuilder content = new StringBuilder();
    List<String> names = new ArrayList<>();
    List<StringBuilder> arguments = new ArrayList<>();
    for (ToolEvent event : events) {
      switch (event) {
        case ToolEvent.Content piece -> content.append(wellFormed(piece.text()));
        case ToolEvent.CallStarted start -> {
          require(start.index() == names.size(), "a call out of order");
          names.add(start.name());
          arguments.add(new StringBuilder());
        }
        case ToolEvent.ArgumentsDelta delta -> {
          require(delta.index() == names.size() - 1, "arguments of another call");
          arguments.getLast().append(wellFormed(delta.json()));
        }
      }
    }
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      calls.add(new Call(names.get(i), arguments.get(i).toString()));
    }
    return new Answer(content.toString(), calls);
  }

  private static String wellFormed(String piece) {
    require(!piece.isEmpty(), "an empty piece");
    boolean halves =
        Character.isLowSurrogate(piece.charAt(0))
            || Character.isHighSurrogate(piece.charAt(piece.length() - 1));
    require(!halves, "half a character");
    return piece;
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }
}
