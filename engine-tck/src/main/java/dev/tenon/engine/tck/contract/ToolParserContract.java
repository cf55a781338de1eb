package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.Randoms;
import dev.tenon.engine.tck.contract.ToolAnswer.Call;
import dev.tenon.json.values.JsonValues;
import dev.tenon.spi.toolcall.ToolParserProvider;
import dev.tenon.spi.toolcall.ToolParserSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** What every format of tool calls must keep to, over random answers, whole and damaged. */
public abstract class ToolParserContract {
  private static final int CASES = 2_000;
  private static final int MILLION = 1_000_000;
  private static final JsonMapper JSON = JsonMapper.shared();

  /** A new contract. */
  protected ToolParserContract() {}

  /** The format under test. */
  protected abstract ToolParserProvider provider();

  /** One way in which a model writes a call, tags and all; those of one answer are joined. */
  protected abstract String written(Call call, Random random);

  /** The format's tags: text that may begin or end a call. */
  protected abstract List<String> tags();

  @Test
  void required_T101_T102_T203_wellFormedCallsAreFoundInAnyDivision() {
    Random random = Randoms.create("tool calls");
    for (int i = 0; i < CASES; i++) {
      String content = withoutTags(text(random));
      List<Call> calls = new ArrayList<>();
      StringBuilder text = new StringBuilder(content);
      for (int count = random.nextInt(4); count > 0; count--) {
        Call call = new Call("tool_" + random.nextInt(99), object(random, 3));
        calls.add(call);
        text.append(written(call, random));
      }
      assertInAnyDivision(text.toString(), new ToolAnswer(content, calls), random);
      for (Call call : ToolAnswer.whole(provider(), text.toString()).calls()) {
        assertThat(JsonValues.read(call.arguments()).isObject()).as(text.toString()).isTrue();
      }
    }
  }

  @Test
  void required_T101_damagedTextGivesTheSameInAnyDivision() {
    Random random = Randoms.create("damaged tool calls");
    for (int i = 0; i < CASES; i++) {
      StringBuilder text = new StringBuilder();
      for (int part = random.nextInt(8); part > 0; part--) {
        String call = written(new Call("f", object(random, 2)), random);
        text.append(
            switch (random.nextInt(4)) {
              case 0 -> RandomTensors.pick(random, tags());
              case 1 -> call;
              case 2 -> damaged(call, random);
              default -> text(random);
            });
      }
      String all = text.toString();
      assertInAnyDivision(all, ToolAnswer.whole(provider(), all), random);
    }
  }

  @Test
  void required_T201_whatMightHaveBegunATagIsReleasedAtTheEnd() {
    for (String tag : tags()) {
      for (int length = 1; length < tag.length(); length++) {
        String text = "so " + tag.substring(0, length);
        ToolAnswer expected = new ToolAnswer(text, List.of());
        assertThat(ToolAnswer.whole(provider(), text)).isEqualTo(expected);
        assertThat(ToolAnswer.single(provider(), text)).isEqualTo(expected);
      }
    }
  }

  @Test
  void required_T203_aCallWithoutArgumentsHasAnEmptyObject() {
    Random random = Randoms.create("calls without arguments");
    Call call = new Call("now", "{}");
    assertInAnyDivision(written(call, random), new ToolAnswer("", List.of(call)), random);
  }

  @Test
  void required_T204_tagsInsideStringsEndNothing() {
    Random random = Randoms.create("tags in strings");
    for (String tag : tags()) {
      String arguments = "{\"a\": " + quoted(tag + " " + String.join("", tags())) + ", \"b\": 1}";
      Call call = new Call("f", arguments);
      assertInAnyDivision(written(call, random), new ToolAnswer("", List.of(call)), random);
    }
  }

  /** With texts read again at every piece these would take hours. */
  @Test
  void required_T301_workIsLinearInThePiece() {
    Random random = Randoms.create("long answers");
    Call call = new Call("f", "{\"a\": \"" + "x".repeat(MILLION) + "\"}");
    assertThat(ToolAnswer.single(provider(), written(call, random)))
        .isEqualTo(new ToolAnswer("", List.of(call)));
    String start = tags().getFirst().substring(0, tags().getFirst().length() - 1);
    String content = start.repeat(MILLION / start.length());
    assertThat(ToolAnswer.single(provider(), content))
        .isEqualTo(new ToolAnswer(content, List.of()));
    ToolParserSession session = provider().open();
    for (int i = 0; i < MILLION; i++) {
      session.feed(tags().get(i % tags().size()));
    }
    session.finish();
  }

  private void assertInAnyDivision(String text, ToolAnswer expected, Random random) {
    assertThat(ToolAnswer.whole(provider(), text)).as(text).isEqualTo(expected);
    assertThat(ToolAnswer.single(provider(), text)).as(text).isEqualTo(expected);
    assertThat(ToolAnswer.pieces(provider(), text, random)).as(text).isEqualTo(expected);
  }

  private static String damaged(String text, Random random) {
    int[] points = text.codePoints().toArray();
    int at = random.nextInt(points.length);
    int next = random.nextBoolean() ? points.length : Math.min(points.length, at + 3);
    return new String(points, 0, at) + new String(points, next, points.length - next);
  }

  private String object(Random random, int depth) {
    StringBuilder json = new StringBuilder("{");
    for (int i = random.nextInt(3); i > 0; i--) {
      json.append(quoted("key" + i + text(random)));
      json.append(": ").append(value(random, depth)).append(i > 1 ? ", " : "");
    }
    return json.append('}').toString();
  }

  private String value(Random random, int depth) {
    return switch (random.nextInt(depth > 0 ? 6 : 4)) {
      case 0 -> String.valueOf(random.nextInt());
      case 1 -> String.valueOf(random.nextBoolean());
      case 2 -> "null";
      case 3 -> quoted(text(random));
      case 4 -> "[" + value(random, depth - 1) + ", " + value(random, depth - 1) + "]";
      default -> object(random, depth - 1);
    };
  }

  private static String quoted(String text) {
    return JSON.writeValueAsString(text);
  }

  /** Characters of tags and of JSON, of one to four bytes, and now and then a whole tag. */
  private String text(Random random) {
    int[] alphabet = ("ab {}[]\"\\:,\n🙂é" + String.join("", tags())).codePoints().toArray();
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      if (random.nextInt(10) == 0) {
        text.append(RandomTensors.pick(random, tags()));
      }
      text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
    }
    return text.toString();
  }

  private String withoutTags(String text) {
    String free = text;
    while (tags().stream().anyMatch(free::contains)) {
      for (String tag : tags()) {
        free = free.replace(tag, "");
      }
    }
    // a beginning of a tag at the very end would join with the tag that follows
    return free + ".";
  }
}
