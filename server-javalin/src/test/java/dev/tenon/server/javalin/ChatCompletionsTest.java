package dev.tenon.server.javalin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.ChatPrompt;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ChatCompletionsTest {
  private static final String PATH = "/v1/chat/completions";
  private static final String ASK = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
  private static final String TOOLS =
      ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get\",\"parameters\":{}}}]";

  private final ServerFixture fixture =
      new ServerFixture(ServerFixture.settings().toolCallParser("fake").autoToolChoice(true));

  @AfterEach
  void close() {
    fixture.close();
  }

  private static String content(List<JsonNode> chunks, int index) {
    StringBuilder text = new StringBuilder();
    for (JsonNode chunk : chunks) {
      for (JsonNode choice : chunk.get("choices").values()) {
        if (choice.get("index").intValue() == index && choice.get("delta").has("content")) {
          text.append(choice.get("delta").get("content").asString());
        }
      }
    }
    return text.toString();
  }

  @Test
  void streamedTextEqualsWholeText() {
    JsonNode whole = fixture.json(PATH, ASK + "}");
    JsonNode choice = whole.get("choices").get(0);
    assertThat(choice.at("/message/content").asString()).isEqualTo(fixture.engine.answer);
    assertThat(choice.at("/message/role").asString()).isEqualTo("assistant");
    assertThat(choice.at("/finish_reason").asString()).isEqualTo("stop");
    assertThat(whole.at("/object").asString()).isEqualTo("chat.completion");
    assertThat(whole.at("/model").asString()).isEqualTo("fake");

    List<JsonNode> chunks = fixture.chunks(PATH, ASK + ",\"stream\":true}");
    assertThat(content(chunks, 0)).isEqualTo(fixture.engine.answer);
    assertThat(chunks.getFirst().at("/choices/0/delta/role").asString()).isEqualTo("assistant");
    assertThat(chunks.getLast().at("/choices/0/finish_reason").asString()).isEqualTo("stop");
    assertThat(chunks.getLast().at("/choices/0/delta").isEmpty()).isTrue();
    assertThat(chunks.getFirst().at("/object").asString()).isEqualTo("chat.completion.chunk");
    assertThat(chunks.stream().map(c -> c.get("id").asString()).distinct()).hasSize(1);
  }

  @Test
  void usageCountsPromptAndAllChoices() {
    String ask = ASK + ",\"n\":2,\"max_tokens\":7";
    JsonNode usage = fixture.json(PATH, ask + "}").get("usage");
    int prompt = usage.get("prompt_tokens").intValue();
    assertThat(usage.get("completion_tokens").intValue()).isEqualTo(14);
    assertThat(usage.get("total_tokens").intValue()).isEqualTo(prompt + 14);

    List<JsonNode> chunks =
        fixture.chunks(PATH, ask + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    assertThat(chunks.getLast().get("usage")).isEqualTo(usage);
    assertThat(chunks.getLast().get("choices").isEmpty()).isTrue();
    assertThat(chunks.getFirst().get("usage").isNull()).isTrue();
    assertThat(content(chunks, 1)).isEqualTo(fixture.engine.answer.substring(0, 7));

    List<JsonNode> continuous =
        fixture.chunks(
            PATH,
            ask
                + ",\"stream\":true,\"stream_options\":"
                + "{\"include_usage\":true,\"continuous_usage_stats\":true}}");
    assertThat(continuous).allMatch(chunk -> chunk.at("/usage/prompt_tokens").intValue() == prompt);
  }

  @Test
  void logprobsNameEveryToken() {
    String ask = ASK + ",\"max_tokens\":5,\"logprobs\":true,\"top_logprobs\":3";
    JsonNode content = fixture.json(PATH, ask + "}").at("/choices/0/logprobs/content");
    assertThat(content.size()).isEqualTo(5);
    assertThat(content.get(0).get("token").asString()).isEqualTo("H");
    assertThat(content.get(0).get("bytes").get(0).intValue()).isEqualTo('H');
    assertThat(content.get(0).get("top_logprobs").size()).isEqualTo(3);

    List<JsonNode> streamed = new ArrayList<>();
    for (JsonNode chunk : fixture.chunks(PATH, ask + ",\"stream\":true}")) {
      streamed.addAll(chunk.at("/choices/0/logprobs/content").values());
    }
    assertThat(streamed).isEqualTo(List.copyOf(content.values()));
  }

  @Test
  void callsAreTheSameStreamedAndWhole() {
    fixture.engine.answer = "Ok.!get{\"a\": 1};!put{};";
    JsonNode choice = fixture.json(PATH, ASK + TOOLS + "}").at("/choices/0");
    JsonNode calls = choice.at("/message/tool_calls");
    assertThat(choice.at("/finish_reason").asString()).isEqualTo("tool_calls");
    assertThat(choice.at("/message/content").asString()).isEqualTo("Ok.");
    assertThat(calls.size()).isEqualTo(2);
    assertThat(calls.at("/0/function/name").asString()).isEqualTo("get");
    assertThat(calls.at("/0/function/arguments").asString()).isEqualTo("{\"a\": 1}");
    assertThat(calls.at("/1/function/arguments").asString()).isEqualTo("{}");
    assertThat(calls.at("/0/id").asString()).matches("chatcmpl-tool-[0-9a-f]{32}");

    List<JsonNode> chunks = fixture.chunks(PATH, ASK + TOOLS + ",\"stream\":true}");
    StringBuilder names = new StringBuilder();
    StringBuilder arguments = new StringBuilder();
    for (JsonNode chunk : chunks) {
      JsonNode call = chunk.at("/choices/0/delta/tool_calls/0");
      names.append(call.at("/function/name").asString(""));
      arguments.append(call.at("/function/arguments").asString(""));
      assertThat(call.has("id")).isEqualTo(call.at("/function").has("name"));
    }
    assertThat(names.toString()).isEqualTo("getput");
    assertThat(arguments.toString()).isEqualTo("{\"a\": 1}{}");
    assertThat(content(chunks, 0)).isEqualTo("Ok.");
    assertThat(chunks.getLast().at("/choices/0/finish_reason").asString()).isEqualTo("tool_calls");
  }

  @Test
  void callsAloneHaveNoContentAndCutCallsEndByLength() {
    fixture.engine.answer = "!get{\"a\": 1};";
    JsonNode alone = fixture.json(PATH, ASK + TOOLS + "}").at("/choices/0");
    assertThat(alone.at("/message/content").isNull()).isTrue();
    JsonNode cut = fixture.json(PATH, ASK + TOOLS + ",\"max_tokens\":8}").at("/choices/0");
    assertThat(cut.at("/finish_reason").asString()).isEqualTo("length");
  }

  @Test
  void toolChoiceNoneLeavesTextAndOneCallMayBeTheLimit() {
    fixture.engine.answer = "!get{};!put{};";
    JsonNode text =
        fixture.json(PATH, ASK + TOOLS + ",\"tool_choice\":\"none\"}").at("/choices/0/message");
    assertThat(text.get("content").asString()).isEqualTo(fixture.engine.answer);
    assertThat(text.has("tool_calls")).isFalse();
    JsonNode one = fixture.json(PATH, ASK + TOOLS + ",\"parallel_tool_calls\":false}");
    assertThat(one.at("/choices/0/message/tool_calls").size()).isEqualTo(1);
  }

  @Test
  void stopTextEndsAndIsNamed() {
    JsonNode choice = fixture.json(PATH, ASK + ",\"stop\":\"there\"}").at("/choices/0");
    assertThat(choice.at("/message/content").asString()).isEqualTo("Hello ");
    assertThat(choice.at("/stop_reason").asString()).isEqualTo("there");
  }

  @Test
  void messagesAreBroughtIntoTheTemplatesForm() {
    fixture.json(
        PATH,
        "{\"messages\":[{\"role\":\"developer\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
            + "{\"type\":\"text\",\"text\":\"b\"}]},"
            + "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"x\","
            + "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"k\\\":1}\"}}"
            + "]},{\"role\":\"assistant\",\"content\":\"c\",\"tool_calls\":[]}],"
            + "\"chat_template_kwargs\":{\"v\":2}}");
    Prompt.Chat chat = (Prompt.Chat) fixture.engine.requests.getFirst().prompt();
    List<Map<String, Object>> messages = chat.conversation().messages();
    assertThat(messages.get(0)).isEqualTo(Map.of("role", "system", "content", "a\nb"));
    assertThat(messages.get(1).toString()).contains("arguments={k=1}");
    assertThat(messages.get(2)).isEqualTo(Map.of("role", "assistant", "content", "c"));
    assertThat(chat.conversation().templateArguments()).isEqualTo(Map.of("v", 2L));
    assertThat(chat.conversation().ending()).isEqualTo(ChatPrompt.Ending.GENERATION_PROMPT);
  }

  @Test
  void everySamplingFieldReachesTheEngine() {
    fixture.json(
        PATH,
        ASK
            + ",\"temperature\":0.5,\"top_p\":0.9,\"top_k\":7,\"min_p\":0.1,"
            + "\"repetition_penalty\":1.1,\"presence_penalty\":0.2,\"frequency_penalty\":-0.3,"
            + "\"seed\":42,\"logit_bias\":{\"5\":-2},\"bad_words\":[\"x\"],"
            + "\"allowed_token_ids\":[1,2],\"min_tokens\":2,\"max_completion_tokens\":9,"
            + "\"stop\":[\"q\"],\"stop_token_ids\":[3],\"include_stop_str_in_output\":true,"
            + "\"ignore_eos\":true,\"skip_special_tokens\":false,\"priority\":4,"
            + "\"spaces_between_special_tokens\":false,\"unheard_of\":{\"is\":\"ignored\"}}");
    SamplingParameters expected =
        SamplingParameters.builder()
            .temperature(0.5)
            .topP(0.9)
            .topK(7)
            .minP(0.1)
            .repetitionPenalty(1.1)
            .presencePenalty(0.2)
            .frequencyPenalty(-0.3)
            .seed(42L)
            .logitBias(Map.of(5, -2.0))
            .badWords(List.of("x"))
            .allowedTokenIds(List.of(1, 2))
            .minTokens(2)
            .maxTokens(9)
            .stop(List.of("q"))
            .stopTokenIds(List.of(3))
            .includeStopInOutput(true)
            .ignoreEndOfText(true)
            .skipSpecialTokens(false)
            .build();
    assertThat(fixture.engine.requests.getFirst().sampling()).isEqualTo(expected);
    assertThat(fixture.engine.requests.getFirst().priority()).isEqualTo(4);
  }

  @Test
  void failureOfTheEngineIsAnErrorBeforeAndAnEventWithinAStream() {
    fixture.engine.failAfterSteps = 2;
    assertThat(fixture.post(PATH, ASK + "}").statusCode()).isEqualTo(500);
    List<JsonNode> chunks = fixture.chunks(PATH, ASK + ",\"stream\":true}");
    assertThat(chunks.getLast().at("/error/message").asString()).contains("on fire");
  }
}
