package dev.tenon.parser.hermes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.parser.hermes.Answer.Call;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Long and deep texts need no more than a pass: with re-reading these would take hours. */
class LongTextTest {
  private static final int MILLION = 1_000_000;

  @Test
  void aMillionPiecesOfArgumentsAreOnePass() {
    String arguments = "{\"a\": \"" + "x".repeat(MILLION) + "\"}";
    String text = "<tool_call>{\"name\": \"f\", \"arguments\": " + arguments + "}</tool_call>";
    assertThat(Answer.single(text)).isEqualTo(new Answer("", List.of(new Call("f", arguments))));
  }

  @Test
  void aMillionCharactersOfContentAreOnePass() {
    String text = "<tool".repeat(MILLION / 5);
    assertThat(Answer.single(text)).isEqualTo(new Answer(text, List.of()));
  }

  @Test
  void nestingCostsNoStack() {
    String arguments = "[".repeat(MILLION) + "]".repeat(MILLION);
    String text = "<tool_call>{\"name\": \"f\", \"arguments\": " + arguments + "}</tool_call>";
    assertThat(Answer.whole(text).calls()).containsExactly(new Call("f", arguments));
  }
}
