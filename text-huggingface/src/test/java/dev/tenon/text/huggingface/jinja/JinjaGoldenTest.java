package dev.tenon.text.huggingface.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every case of {@code jinja/cases.json} gives what jinja2 gives. */
class JinjaGoldenTest {
  private static final String ERROR = "ERR TemplateError: ";

  @TestFactory
  Stream<DynamicTest> rendersAsJinja2() throws IOException {
    JsonNode file = read("/jinja/cases.json");
    Map<?, ?> context = new JsonMapper().convertValue(file.get("context"), Map.class);
    Map<String, Object> variables = new LinkedHashMap<>();
    context.forEach((name, value) -> variables.put((String) name, value));
    List<JsonNode> cases = file.get("cases").valueStream().toList();
    assertThat(cases).hasSize(56);
    return cases.stream()
        .map(golden ->
            DynamicTest.dynamicTest(
                golden.get("name").asString(),
                () ->
                    assertThat(render(golden.get("template").asString(), variables))
                        .isEqualTo(golden.get("expected").asString())));
  }

  private static String render(String template, Map<String, Object> variables) {
    try {
      return JinjaTemplate.parse(template).render(variables);
    } catch (JinjaException failure) {
      if (failure.kind() == JinjaException.Kind.RAISED) {
        return ERROR + failure.detail();
      }
      throw failure;
    }
  }

  private static JsonNode read(String resource) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(JinjaGoldenTest.class.getResourceAsStream(resource))) {
      return new JsonMapper().readTree(stream);
    }
  }
}
