package dev.tenon.parser.hermes;

import dev.tenon.engine.tck.contract.ToolAnswer.Call;
import dev.tenon.engine.tck.contract.ToolParserContract;
import dev.tenon.spi.toolcall.ToolParserProvider;
import java.util.List;
import java.util.Random;

class HermesParserContractTest extends ToolParserContract {
  @Override
  protected ToolParserProvider provider() {
    return new HermesParserProvider();
  }

  @Override
  protected String written(Call call, Random random) {
    String name = "\"name\": \"" + call.name() + "\"";
    String arguments = "\"arguments\": " + call.arguments();
    String body = random.nextBoolean() ? name + ", " + arguments : arguments + "," + name;
    return "<tool_call>"
        + space(random)
        + "{"
        + body
        + "}"
        + space(random)
        + "</tool_call>"
        + space(random);
  }

  private static String space(Random random) {
    return random.nextBoolean() ? "\n" : "";
  }

  @Override
  protected List<String> tags() {
    return List.of("<tool_call>", "</tool_call>");
  }
}
