package dev.tenon.text.huggingface.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates that would take too much time or memory end soon, with an error that says so. */
@Timeout(60)
class JinjaLimitsTest {
  private static final String LOOPS = "{% for a in range(99999) %}";

  @ParameterizedTest
  @ValueSource(
      strings = {
        LOOPS + "{% for b in range(99999) %}{% endfor %}{% endfor %}",
        LOOPS + LOOPS + "{% if a %}{% endif %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 'a' * 10 ** 30 }}",
        "{{ [1] * 1000000000 }}",
        "{{ range(1000000000) | list }}",
        "{{ range(0, 10 ** 40) | list }}",
        "{{ 10 ** 100000000 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{% set ns = namespace(x=10) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}"
            + "{% endfor %}",
        "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}"
            + "{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}"
            + "{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(99) %}"
            + "{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}"
            + "{{ ns.x == ns.y }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}"
            + "{% endfor %}{{ ns.x | tojson }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ 'x'.zfill(1000000000) }}",
        "{{ '%01000000000d' % 1 }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ '%.1000000000f' % 1 }}",
        "{{ 'a\nb' | indent(1000000000) }}",
        "{{ '\t'.expandtabs(1000000000) }}",
        "{{ [[]] | tojson(indent=1000000000) }}",
        "{{ ('a' * 100000).replace('a', 'a' * 100000) }}",
        "{{ ('a' * 100000).join('a' * 100000) }}",
        "{{ range(99999) | join('a' * 99999) }}",
        "{{ [1] | batch(1000000000, 'x') | list }}",
        "{{ [1] | slice(1000000000, 'x') | list }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        LOOPS + "{{ 'a' * 1000 }}{% endfor %}",
      })
  void endsWithAClearError(String template) {
    long start = System.nanoTime();
    assertThatThrownBy(() -> JinjaTemplate.parse(template).render(Map.of()))
        .isInstanceOfSatisfying(
            JinjaException.class,
            failure -> assertThat(failure.kind()).isEqualTo(JinjaException.Kind.LIMIT))
        .hasMessageStartingWith("line ");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void refusesDeepNestingInTheTemplateItself() {
    for (String deep :
        List.of(
            "{{ " + "(".repeat(5_000) + "1" + ")".repeat(5_000) + " }}",
            "{{ " + "[".repeat(5_000) + "]".repeat(5_000) + " }}",
            "{{ " + "not ".repeat(5_000) + "1 }}",
            "{{ " + "-".repeat(5_000) + "1 }}",
            "{{ " + "1 if 1 else ".repeat(5_000) + "1 }}",
            "{{ 1" + " + 1".repeat(5_000) + " }}",
            "{{ a" + ".a".repeat(5_000) + " }}",
            "{{ a" + "|list".repeat(5_000) + " }}",
            "{% if 1 %}".repeat(5_000) + "{% endif %}".repeat(5_000))) {
      assertThatThrownBy(() -> JinjaTemplate.parse(deep).render(Map.of()))
          .isInstanceOf(JinjaException.class)
          .hasMessageContaining("deeper");
    }
  }

  @Test
  void refusesDeepValues() {
    List<Object> deep = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      deep = new ArrayList<>(List.of(deep));
    }
    Map<String, Object> variables = Map.of("x", deep);
    assertThatThrownBy(() -> JinjaTemplate.parse("{{ x }}").render(variables))
        .isInstanceOf(JinjaException.class)
        .hasMessageContaining("nesting is deeper");
  }

  @Test
  void stopsWhenItsThreadIsInterrupted() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> JinjaTemplate.parse(LOOPS + "x{% endfor %}").render(Map.of()))
        .isInstanceOf(JinjaException.class)
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void stopsAtItsDeadline() {
    JinjaLimits limits =
        new JinjaLimits(1L << 40, 1L << 40, 1L << 60, 100, 100, Duration.ofMillis(50));
    assertThatThrownBy(() ->
            JinjaTemplate.parse(LOOPS + LOOPS + "{% endfor %}{% endfor %}")
                .render(Map.of(), limits))
        .isInstanceOf(JinjaException.class)
        .hasMessageContaining("longer than 50 ms");
  }

  @Test
  void givesNoWayToObjectsOfTheHost() {
    for (String template :
        List.of(
            "{{ s.getClass() }}",
            "{{ s.class }}",
            "{{ s['__class__'] }}",
            "{{ s.__class__ }}",
            "{{ x.toString() }}",
            "{{ ''.__init__.__globals__ }}",
            "{{ range.__globals__ }}")) {
      assertThatThrownBy(() ->
              assertThat(JinjaTemplate.parse(template).render(Map.of("s", "t", "x", 1)))
                  .isNotEmpty())
          .as(template)
          .isInstanceOfAny(JinjaException.class, AssertionError.class);
    }
    assertThatThrownBy(() -> JinjaTemplate.parse("").render(Map.of("o", new Object())))
        .isInstanceOf(JinjaException.class)
        .hasMessageContaining("not java.lang.Object");
  }

  @Test
  void rendersALongConversationWithinItsLimits() {
    String message = "word ".repeat(4_000);
    List<Map<String, Object>> messages = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", message));
    }
    String template =
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content.strip()"
            + " + '<|im_end|>' + '\n' }}{% endfor %}";
    assertThat(JinjaTemplate.parse(template).render(Map.of("messages", messages)))
        .hasSizeGreaterThan(400 * 19_999);
  }
}
