package dev.tenon.parser.hermes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.contract.ToolAnswer;
import dev.tenon.engine.tck.contract.ToolAnswer.Call;
import dev.tenon.spi.toolcall.ToolEvent;
import dev.tenon.spi.toolcall.ToolParserSession;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What users of other engines reported about this format, each as an example. */
class FieldBugsTest {
  private static final HermesParserProvider PARSER = new HermesParserProvider();
  private static final String CLOSE = "\n</tool_call>";

  private static String call(String name, String arguments) {
    return "<tool_call>\n{\"name\": \"" + name + "\", \"arguments\": " + arguments + "}" + CLOSE;
  }

  private static void check(String text, String content, Call... calls) {
    ToolAnswer expected = new ToolAnswer(content, List.of(calls));
    assertThat(ToolAnswer.whole(PARSER, text)).isEqualTo(expected);
    assertThat(ToolAnswer.single(PARSER, text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"flag\": true}",
        "{\"n\": 5, \"s\": \"x\"}",
        "{\"n\": -1.5e-3}",
        "{\"x\": null, \"y\": [1, false]}"
      })
  void firstArgumentMayBeNoString(String arguments) {
    check(call("f", arguments), "", new Call("f", arguments));
  }

  @Test
  void lastBraceIsNeitherLostNorDoubled() {
    check(call("f", "{\"a\": {\"b\": {}}}"), "", new Call("f", "{\"a\": {\"b\": {}}}"));
    check(
        "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}}</tool_call>",
        "",
        new Call("f", "{\"a\":1}"));
    check(
        "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}</tool_call>",
        "",
        new Call("f", "{\"a\":1}"));
  }

  @Test
  void callWithoutParametersStreamsAnEmptyObject() {
    check(call("now", "{}"), "", new Call("now", "{}"));
    check("<tool_call>{\"name\": \"now\"}</tool_call>", "", new Call("now", "{}"));
    check(call("now", "null"), "", new Call("now", "{}"));
    check(call("now", "\"\""), "", new Call("now", "{}"));
  }

  @Test
  void escapesMayBeSplitAnywhere() {
    String arguments = "{\"q\": \"a \\\"b\\\" \\\\ \\u00e9 \\ud83d\\ude00 {\"}";
    check(call("f", arguments), "", new Call("f", arguments));
  }

  @Test
  void bracketsInStringsDoNotCount() {
    String arguments = "{\"code\": \"if (a[0]) { }}} ]]\", \"b\": \"}\"}";
    check(call("f", arguments), "", new Call("f", arguments));
  }

  @Test
  void argumentsMayComeBeforeTheName() {
    check(
        "<tool_call>{\"arguments\": {\"name\": \"inner\"}, \"name\": \"f\"}</tool_call>",
        "",
        new Call("f", "{\"name\": \"inner\"}"));
    check(
        "<tool_call>{\"id\": [1, {\"name\": 2}], \"name\": \"f\", \"parameters\": {}}</tool_call>",
        "",
        new Call("f", "{}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", " \n "})
  void callsMayFollowEachOtherDirectly(String between) {
    check(
        "Both." + call("f", "{\"a\": 1}") + between + call("g", "{\"b\": 2}"),
        "Both.",
        new Call("f", "{\"a\": 1}"),
        new Call("g", "{\"b\": 2}"));
  }

  @Test
  void strayOpeningTagAddsNothing() {
    check(
        "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n<tool_call>\n</tool_call>",
        "",
        new Call("f", "{\"a\": 1}"));
    check(call("f", "{}") + "\n<tool_call>", "", new Call("f", "{}"));
    check(
        "<tool_call>\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}</tool_call>",
        "",
        new Call("f", "{}"));
    check(
        "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":[1<tool_call>"
            + call("g", "{}").substring(11),
        "",
        new Call("f", "{\"a\":[1"),
        new Call("g", "{}"));
  }

  @Test
  void endTagMayBeMissingOrSurroundedBySpace() {
    check("<tool_call> {\"name\":\"f\",\"arguments\":{}} ", "", new Call("f", "{}"));
    check(
        "<tool_call>\n\n{\"name\":\"f\",\"arguments\":{}}\n\n \n</tool_call>\n\n",
        "",
        new Call("f", "{}"));
  }

  @Test
  void reasoningBeforeACallIsContent() {
    check(
        "<think>\nhm\n</think>\n\n" + call("f", "{}"),
        "<think>\nhm\n</think>\n\n",
        new Call("f", "{}"));
    check("<think>\nso " + call("f", "{}") + "\n</think>", "<think>\nso ", new Call("f", "{}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<tool",
        "a <b> c",
        "x < y",
        "<",
        "<<tool_cal",
        "</tool_call>",
        "<tool_call",
        "<tool_cal>",
        "</tool_call",
        "<tool_call>",
        "<tool_call>\n</tool_call>",
        "<tool_call/>",
        "<</tool_call>"
      })
  void lookAlikesAreContent(String text) {
    check(text, text);
  }

  @Test
  void textThatEndsInACallKeepsWhatExists() {
    String whole = call("f", "{\"city\": \"Paris\"}");
    int arguments = whole.indexOf("{\"city");
    check(whole.substring(0, arguments), whole.substring(0, arguments));
    check(whole.substring(0, arguments + 9), "", new Call("f", "{\"city\": "));
    check(whole.substring(0, arguments + 12), "", new Call("f", "{\"city\": \"Pa"));
  }

  @Test
  void otherScriptsStayAsTheyAre() {
    String arguments = "{\"city\": \"Zürich 東京 😀\"}";
    check("Zür 😀" + call("wetter_ü", arguments), "Zür 😀", new Call("wetter_ü", arguments));
  }

  @Test
  void tagsInsideStringsAreText() {
    String arguments = "{\"html\": \"</tool_call><tool_call>\", \"b\": 1}";
    check(call("f", arguments), "", new Call("f", arguments));
  }

  @Test
  void namesMayHoldEscapes() {
    check(call("a\\\"b\\u00e9", "{}"), "", new Call("a\"bé", "{}"));
  }

  @Test
  void objectWrittenAsStringIsTakenOut() {
    check(call("f", "\"{\\\"a\\\": 1}\""), "", new Call("f", "{\"a\": 1}"));
    check(call("f", "\"plain\""), "", new Call("f", "\"plain\""));
    check(call("f", "7"), "", new Call("f", "7"));
  }

  @Test
  void rawLineBreaksInStringsAreEscaped() {
    check(
        call("f", "{\"a\": \"x\ny\tz\u0001\"}"),
        "",
        new Call("f", "{\"a\": \"x\\ny\\tz\\u0001\"}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "not json",
        "{name: \"f\"}",
        "{\"arguments\": {}}",
        "{\"name\": 7, \"arguments\": {}}",
        "{\"name\": \"\", \"arguments\": {}}",
        "{\"name\": \"f\", \"arguments\": wrong}",
        "[{\"name\": \"f\"}]",
        "{\"name\" \"f\"}",
        "{\"name\": \"f\"",
        "{}"
      })
  void damagedRegionIsContentAndTheCallsAroundItStand(String body) {
    String damaged = "<tool_call>" + body + "</tool_call>";
    check(damaged, damaged);
    check("x" + damaged + "y" + call("f", "{}"), "x" + damaged + "y", new Call("f", "{}"));
    check(
        "x" + call("f", "{}") + "\n" + damaged + "\n" + call("g", "{}"),
        "x" + damaged,
        new Call("f", "{}"),
        new Call("g", "{}"));
  }

  @Test
  void textAfterACallIsDropped() {
    check("a\n" + call("f", "{}") + " b </tool_call> c", "a\n", new Call("f", "{}"));
  }

  @Test
  void argumentsAreStreamedAsTheyCome() {
    ToolParserSession session = new HermesParserProvider().open();
    List<ToolEvent> events = new ArrayList<>(session.feed("Hi <tool_"));
    assertThat(events).containsExactly(new ToolEvent.Content("Hi "));
    assertThat(session.feed("call>{\"name\": \"f\", \"arguments\": ")).isEmpty();
    assertThat(session.feed("{\"a\": \"x"))
        .containsExactly(
            new ToolEvent.CallStarted(0, "f"), new ToolEvent.ArgumentsDelta(0, "{\"a\": \"x"));
    assertThat(session.feed("y\"}}</tool_call><tool_call>{\"name\":\"g\",\"arguments\":{}}"))
        .containsExactly(
            new ToolEvent.ArgumentsDelta(0, "y\"}"),
            new ToolEvent.CallStarted(1, "g"),
            new ToolEvent.ArgumentsDelta(1, "{}"));
    assertThat(session.finish()).isEmpty();
  }
}
