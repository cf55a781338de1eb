package dev.tenon.server.javalin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class CompletionsTest {
  private static final String PATH = "/v1/completions";

  private final ServerFixture fixture = new ServerFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"abc\"", "[\"abc\"]", "[97,98,99]", "[[97,98,99]]"})
  void promptsMayBeTextOrIds(String prompt) {
    JsonNode answer =
        fixture.json(PATH, "{\"prompt\":" + prompt + ",\"max_tokens\":40,\"echo\":true}");
    assertThat(answer.at("/choices/0/text").asString()).isEqualTo("abc" + fixture.engine.answer);
    assertThat(answer.at("/usage/prompt_tokens").intValue()).isEqualTo(3);
    assertThat(answer.at("/object").asString()).isEqualTo("text_completion");
  }

  @Test
  void sixteenTokensUnlessAskedOtherwise() {
    JsonNode answer = fixture.json(PATH, "{\"prompt\":\"a\"}");
    assertThat(answer.at("/choices/0/text").asString()).hasSize(16);
    assertThat(answer.at("/choices/0/finish_reason").asString()).isEqualTo("length");
  }

  @Test
  void choicesOfManyPromptsAreNumberedThrough() {
    String ask = "{\"prompt\":[\"a\",\"b\",\"c\"],\"n\":2,\"max_tokens\":6,\"echo\":true";
    JsonNode whole = fixture.json(PATH, ask + "}");
    assertThat(whole.get("choices").size()).isEqualTo(6);
    StringBuilder[] streamed = new StringBuilder[6];
    for (JsonNode chunk : fixture.chunks(PATH, ask + ",\"stream\":true}")) {
      JsonNode choice = chunk.get("choices").get(0);
      int index = choice.get("index").intValue();
      streamed[index] = streamed[index] == null ? new StringBuilder() : streamed[index];
      streamed[index].append(choice.get("text").asString());
    }
    for (int i = 0; i < 6; i++) {
      JsonNode choice = whole.get("choices").get(i);
      assertThat(choice.get("index").intValue()).isEqualTo(i);
      assertThat(choice.get("text").asString()).isEqualTo("abc".charAt(i / 2) + "Hello ");
      assertThat(streamed[i].toString()).isEqualTo(choice.get("text").asString());
    }
  }

  @Test
  void logprobsRunThroughEchoAndOutput() {
    JsonNode answer =
        fixture.json(PATH, "{\"prompt\":\"xyz\",\"max_tokens\":2,\"echo\":true,\"logprobs\":2}");
    JsonNode logprobs = answer.at("/choices/0/logprobs");
    assertThat(logprobs.get("tokens").toString()).isEqualTo("[\"x\",\"y\",\"z\",\"H\",\"e\"]");
    assertThat(logprobs.get("text_offset").toString()).isEqualTo("[0,1,2,3,4]");
    assertThat(logprobs.get("token_logprobs").get(0).isNull()).isTrue();
    assertThat(logprobs.get("top_logprobs").get(4).size()).isEqualTo(3);
  }

  @Test
  void promptAloneMayBeScored() {
    JsonNode answer =
        fixture.json(
            PATH, "{\"prompt\":\"xyz\",\"max_tokens\":0,\"echo\":true,\"prompt_logprobs\":1}");
    assertThat(answer.at("/choices/0/text").asString()).isEqualTo("xyz");
    assertThat(answer.at("/usage/completion_tokens").intValue()).isZero();
    JsonNode prompt = answer.at("/choices/0/prompt_logprobs");
    assertThat(prompt.size()).isEqualTo(3);
    assertThat(prompt.get(0).isNull()).isTrue();
    assertThat(prompt.get(1).get("121").get("decoded_token").asString()).isEqualTo("y");
  }

  @Test
  void idsAreReturnedOnRequest() {
    JsonNode choice =
        fixture
            .json(
                PATH,
                "{\"prompt\":\"ab\",\"max_tokens\":2,\"return_token_ids\":true,\"logprobs\":0,"
                    + "\"return_tokens_as_token_ids\":true}")
            .at("/choices/0");
    assertThat(choice.get("prompt_token_ids").toString()).isEqualTo("[97,98]");
    assertThat(choice.get("token_ids").toString()).isEqualTo("[72,101]");
    assertThat(choice.at("/logprobs/tokens/0").asString()).isEqualTo("token_id:72");
  }

  @Test
  void tokensAreStreamedAndCountedWithoutATokenizer() {
    fixture.engine.tokenizer = Optional.empty();
    List<JsonNode> chunks =
        fixture.chunks(
            PATH,
            "{\"prompt\":[1,2],\"max_tokens\":6,\"stream\":true,"
                + "\"stream_options\":{\"include_usage\":true}}");
    assertThat(chunks).hasSize(4); // two of three tokens each, the end, the usage
    assertThat(chunks).allSatisfy(c -> assertThat(c.at("/choices/0/text").asString("")).isEmpty());
    assertThat(chunks.getLast().at("/usage/completion_tokens").intValue()).isEqualTo(6);
    assertThat(fixture.post(PATH, "{\"prompt\":\"text\"}").body()).contains("no tokenizer");
  }

  @Test
  void manyRequestsAtOnceAreKeptApart() {
    List<Integer> sizes =
        IntStream.rangeClosed(1, 24)
            .parallel()
            .map(n ->
                fixture
                    .json(PATH, "{\"prompt\":\"a\",\"max_tokens\":" + n + "}")
                    .at("/choices/0/text")
                    .asString()
                    .length())
            .boxed()
            .toList();
    assertThat(sizes).isEqualTo(IntStream.rangeClosed(1, 24).boxed().toList());
  }
}
