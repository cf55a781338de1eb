package dev.tenon.json.values;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;

class JsonValuesTest {
  @Test
  void everyKindHasItsPlainForm() {
    Map<String, Object> values =
        JsonValues.object(
            JsonValues.read(
                "{\"b\": 1, \"a\": [9223372036854775807, 9223372036854775808, 1.0, 1e2, true,"
                    + " null, \"x\"], \"o\": {\"n\": null}}"));
    assertThat(values.keySet()).containsExactly("b", "a", "o");
    assertThat(values.get("b")).isEqualTo(1L);
    assertThat(values.get("a"))
        .isEqualTo(
            Arrays.asList(
                Long.MAX_VALUE, BigInteger.ONE.shiftLeft(63), 1.0, 100.0, true, null, "x"));
    assertThat(values.get("o")).asString().isEqualTo("{n=null}");
  }

  @Test
  void textAndBytesAreTheSame() {
    String json = "[\"Zürich 😀\", -3]";
    assertThat(JsonValues.value(JsonValues.read(json)))
        .isEqualTo(JsonValues.value(JsonValues.read(json.getBytes(StandardCharsets.UTF_8))))
        .isEqualTo(List.of("Zürich 😀", -3L));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\":1,\"a\":2}", "{} {}", "{", "{\"a\":NaN}", "nonsense"})
  void whatIsDoubtfulIsNoJson(String json) {
    assertThatThrownBy(() -> JsonValues.read(json)).isInstanceOf(JacksonException.class);
  }

  @Test
  void anObjectIsAskedFor() {
    assertThatThrownBy(() -> JsonValues.object(JsonValues.read("[1]")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ARRAY");
  }
}
