package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.toolcall.ToolEvent;
import dev.tenon.spi.toolcall.ToolParserProvider;
import dev.tenon.spi.toolcall.ToolParserSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The fold of a parser's events, which are checked on the way: calls count from 0, arguments belong
 * to the call that was started last, no piece is empty and none begins or ends within a character.
 *
 * @param content all content joined
 * @param calls in order
 */
public record ToolAnswer(String content, List<Call> calls) {
  /**
   * A complete call.
   *
   * @param name of the tool
   * @param arguments all pieces joined
   */
  public record Call(String name, String arguments) {}

  /** Copies the calls. */
  public ToolAnswer {
    calls = List.copyOf(calls);
  }

  /** The answer when a text arrives whole. */
  public static ToolAnswer whole(ToolParserProvider parser, String text) {
    return of(parser, List.of(text));
  }

  /** The answer when a text arrives in units of UTF-16, one by one. */
  public static ToolAnswer single(ToolParserProvider parser, String text) {
    return of(parser, text.chars().mapToObj(c -> String.valueOf((char) c)).toList());
  }

  /** The answer when a text arrives in random pieces, some of them empty. */
  public static ToolAnswer pieces(ToolParserProvider parser, String text, Random random) {
    List<String> pieces = new ArrayList<>();
    for (int at = 0; at < text.length(); ) {
      int end = Math.min(text.length(), at + random.nextInt(9));
      pieces.add(text.substring(at, end));
      at = end;
    }
    return of(parser, pieces);
  }

  private static ToolAnswer of(ToolParserProvider parser, List<String> pieces) {
    ToolParserSession session = parser.open();
    StringBuilder content = new StringBuilder();
    List<String> names = new ArrayList<>();
    List<StringBuilder> arguments = new ArrayList<>();
    for (String piece : pieces) {
      session.feed(piece).forEach(event -> take(event, content, names, arguments));
    }
    session.finish().forEach(event -> take(event, content, names, arguments));
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      calls.add(new Call(names.get(i), arguments.get(i).toString()));
    }
    return new ToolAnswer(content.toString(), calls);
  }

  private static void take(
      ToolEvent event, StringBuilder content, List<String> names, List<StringBuilder> arguments) {
    switch (event) {
      case ToolEvent.Content piece -> content.append(wellFormed(piece.text()));
      case ToolEvent.CallStarted start -> {
        assertThat(start.index()).as("index of a call").isEqualTo(names.size());
        names.add(start.name());
        arguments.add(new StringBuilder());
      }
      case ToolEvent.ArgumentsDelta delta -> {
        assertThat(delta.index()).as("call of arguments").isEqualTo(names.size() - 1);
        arguments.getLast().append(wellFormed(delta.json()));
      }
    }
  }

  private static String wellFormed(String piece) {
    assertThat(piece).isNotEmpty();
    assertThat(Character.isLowSurrogate(piece.charAt(0))).as("half a character").isFalse();
    assertThat(Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
        .as("half a character")
        .isFalse();
    return piece;
  }
}
