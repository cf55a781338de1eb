package dev.tenon.text.huggingface.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

/** Templates give what jinja2 gives; how the files were made is in {@code tokenizer/README.md}. */
class JinjaGoldenTest {
  @TestFactory
  Stream<DynamicTest> rendersChatTemplateIdiomsAsJinja2() throws IOException {
    List<JsonNode> cases = read("/jinja/cases.json").get("cases").valueStream().toList();
    assertThat(cases).hasSize(56);
    return cases.stream().map(golden -> test(golden.get("name").asString(), golden));
  }

  @TestFactory
  Stream<DynamicTest> rendersTheRestOfTheLanguageAsJinja2() throws IOException {
    List<JsonNode> cases = read("/jinja/more-cases.json").get("cases").valueStream().toList();
    assertThat(cases).hasSizeGreaterThan(100);
    return cases.stream().map(golden -> test(golden.get("template").asString(), golden));
  }

  private static DynamicTest test(String name, JsonNode golden) {
    String template = golden.get("template").asString();
    String expected = golden.get("expected").asString();
    return DynamicTest.dynamicTest(
        name,
        () -> {
          if (expected.startsWith("ERR TemplateError: ")) {
            assertThatThrownBy(() -> render(template))
                .isInstanceOfSatisfying(
                    JinjaException.class,
                    failure -> {
                      assertThat(failure.kind()).isEqualTo(JinjaException.Kind.RAISED);
                      assertThat("ERR TemplateError: " + failure.detail()).isEqualTo(expected);
                    });
          } else if (expected.startsWith("ERR ")) {
            assertThatThrownBy(() -> render(template))
                .as(expected)
                .isInstanceOf(JinjaException.class)
                .hasMessageStartingWith("line ");
          } else {
            assertThat(render(template)).isEqualTo(expected);
          }
        });
  }

  private static String render(String template) throws IOException {
    Map<?, ?> context =
        new JsonMapper().convertValue(read("/jinja/cases.json").get("context"), Map.class);
    Map<String, Object> variables = new LinkedHashMap<>();
    context.forEach((name, value) -> variables.put((String) name, value));
    return JinjaTemplate.parse(template).render(variables);
  }

  private static JsonNode read(String resource) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(JinjaGoldenTest.class.getResourceAsStream(resource))) {
      return new JsonMapper().readTree(stream);
    }
  }
}
