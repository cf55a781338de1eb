package dev.tenon.parser.hermes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.parser.hermes.Answer.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** Any division of a text gives the same answer, and that answer is the right one. */
class AnyChunkingTest {
  private static final int CASES = 3000;
  private static final String ALPHABET = "ab {}[]\"\\<>/:,\n🙂é_tool_call";
  private static final JsonMapper JSON = JsonMapper.shared();

  private final long seed = Long.getLong("tests.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @Test
  void wellFormedCallsAreFoundInAnyDivision() {
    for (int i = 0; i < CASES; i++) {
      String content = withoutTags(randomText());
      List<Call> calls = new ArrayList<>();
      StringBuilder text = new StringBuilder(content);
      for (int count = random.nextInt(4); count > 0; count--) {
        Call call = new Call("tool_" + random.nextInt(99), object(3));
        calls.add(call);
        text.append(written(call)).append(random.nextBoolean() ? "\n" : "");
      }
      Answer expected = new Answer(content, calls);
      assertAll(text.toString(), expected);
      for (Call call : expected.calls()) {
        assertThat(JSON.readTree(call.arguments()).isObject()).isTrue();
      }
    }
  }

  @Test
  void damagedTextsGiveTheSameInAnyDivision() {
    for (int i = 0; i < CASES; i++) {
      StringBuilder text = new StringBuilder();
      for (int part = random.nextInt(8); part > 0; part--) {
        text.append(
            switch (random.nextInt(5)) {
              case 0 -> "<tool_call>";
              case 1 -> "</tool_call>";
              case 2 -> written(new Call("f", object(2)));
              case 3 -> damaged(written(new Call("f", object(2))));
              default -> randomText();
            });
      }
      assertAll(text.toString(), Answer.whole(text.toString()));
    }
  }

  private void assertAll(String text, Answer expected) {
    String replay = "-Dtests.seed=" + seed + " text: " + text;
    assertThat(Answer.whole(text)).as(replay).isEqualTo(expected);
    assertThat(Answer.single(text)).as(replay).isEqualTo(expected);
    assertThat(Answer.pieces(text, random)).as(replay).isEqualTo(expected);
  }

  private String written(Call call) {
    String name = "\"name\": \"" + call.name() + "\"";
    String arguments = "\"arguments\": " + call.arguments();
    String body = random.nextBoolean() ? name + ", " + arguments : arguments + "," + name;
    return "<tool_call>" + space() + "{" + body + "}" + space() + "</tool_call>";
  }

  private String space() {
    return random.nextBoolean() ? "\n" : "";
  }

  private String damaged(String text) {
    int[] points = text.codePoints().toArray();
    int at = random.nextInt(points.length);
    int next = random.nextBoolean() ? points.length : Math.min(points.length, at + 3);
    return new String(points, 0, at) + new String(points, next, points.length - next);
  }

  private String object(int depth) {
    StringBuilder json = new StringBuilder("{");
    for (int i = random.nextInt(3); i > 0; i--) {
      json.append(JSON.writeValueAsString(randomText())).append(": ").append(value(depth));
      json.append(i > 1 ? ", " : "");
    }
    return json.append('}').toString();
  }

  private String value(int depth) {
    return switch (random.nextInt(depth > 0 ? 6 : 4)) {
      case 0 -> String.valueOf(random.nextInt());
      case 1 -> String.valueOf(random.nextBoolean());
      case 2 -> "null";
      case 3 -> JSON.writeValueAsString(randomText());
      case 4 -> "[" + value(depth - 1) + ", " + value(depth - 1) + "]";
      default -> object(depth - 1);
    };
  }

  private String randomText() {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      int[] points = ALPHABET.codePoints().toArray();
      if (random.nextInt(10) == 0) {
        text.append(random.nextBoolean() ? "<tool_call>" : "</tool_call>");
      }
      text.appendCodePoint(points[random.nextInt(points.length)]);
    }
    return text.toString();
  }

  private static String withoutTags(String text) {
    String free = text;
    while (free.contains("<tool_call>")) {
      free = free.replace("<tool_call>", "");
    }
    // A beginning of a tag at the very end would join with the tag that follows.
    return free + ".";
  }
}
