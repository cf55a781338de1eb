package dev.tenon.parser.hermes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.contract.ToolAnswer;
import dev.tenon.engine.tck.contract.ToolAnswer.Call;
import org.junit.jupiter.api.Test;

/** Depth costs no stack. */
class DeepTextTest {
  private static final HermesParserProvider PARSER = new HermesParserProvider();
  private static final int MILLION = 1_000_000;

  @Test
  void nestingCostsNoStack() {
    String arguments = "[".repeat(MILLION) + "]".repeat(MILLION);
    String text = "<tool_call>{\"name\": \"f\", \"arguments\": " + arguments + "}</tool_call>";
    assertThat(ToolAnswer.whole(PARSER, text).calls()).containsExactly(new Call("f", arguments));
  }
}
