package dev.tenon.server.javalin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Every bad request is told what would be right, and the next one is served. */
class ErrorsTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String TEXT = "/v1/completions";
  private static final ServerFixture FIXTURE = new ServerFixture();

  @AfterAll
  static void close() {
    FIXTURE.close();
  }

  @AfterEach
  void stillServes() {
    JsonNode answer = FIXTURE.json(TEXT, "{\"prompt\":\"a\",\"max_tokens\":3}");
    assertThat(answer.at("/choices/0/text").asString()).isEqualTo("Hel");
  }

  private static JsonNode error(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = Json.read(response.body()).get("error");
    assertThat(error.get("message").asString()).isNotBlank();
    assertThat(error.propertyNames()).contains("message", "type", "param", "code");
    return error;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "prompt | \"prompt\":\"\"",
        "prompt | \"prompt\":[]",
        "prompt | \"x\":1",
        "prompt | \"prompt\":7",
        "prompt[1] | \"prompt\":[\"a\",5]",
        "prompt[1] | \"prompt\":[1,\"a\"]",
        "prompt[0] | \"prompt\":[1000]",
        "prompt[0] | \"prompt\":[-1]",
        "prompt[0] | \"prompt\":[99999999999999999999]",
        "prompt[0][1] | \"prompt\":[[1,1.5]]",
        "prompt | \"prompt\":\"\\ud800x\"",
        "stop[0] | \"prompt\":\"a\",\"stop\":[\"\\udc00\"]",
        "stop | \"prompt\":\"a\",\"stop\":\"\"",
        "temperature | \"prompt\":\"a\",\"temperature\":NaN",
        "temperature | \"prompt\":\"a\",\"temperature\":-1",
        "temperature | \"prompt\":\"a\",\"temperature\":1e999",
        "temperature | \"prompt\":\"a\",\"temperature\":\"warm\"",
        "top_p | \"prompt\":\"a\",\"top_p\":0",
        "top_p | \"prompt\":\"a\",\"top_p\":1.1",
        "top_k | \"prompt\":\"a\",\"top_k\":-2",
        "min_p | \"prompt\":\"a\",\"min_p\":2",
        "repetition_penalty | \"prompt\":\"a\",\"repetition_penalty\":0",
        "presence_penalty | \"prompt\":\"a\",\"presence_penalty\":3",
        "n | \"prompt\":\"a\",\"n\":0",
        "n | \"prompt\":\"a\",\"n\":1000000000",
        "n | \"prompt\":\"a\",\"n\":1e30",
        "n | \"prompt\":\"a\",\"n\":[1]",
        "max_tokens | \"prompt\":\"a\",\"max_tokens\":-5",
        "max_tokens | \"prompt\":\"a\",\"max_tokens\":0",
        "prompt | \"prompt\":\"a\",\"max_tokens\":1000",
        "max_tokens | \"prompt\":\"a\",\"max_tokens\":99999999999",
        "seed | \"prompt\":\"a\",\"seed\":1.5",
        "stream | \"prompt\":\"a\",\"stream\":\"yes\"",
        "stream_options | \"prompt\":\"a\",\"stream_options\":{}",
        "prompt_logprobs | \"prompt\":\"a\",\"stream\":true,\"prompt_logprobs\":1",
        "logit_bias | \"prompt\":\"a\",\"logit_bias\":{\"x\":1}",
        "logit_bias | \"prompt\":\"a\",\"logit_bias\":{\"1000\":1}",
        "logit_bias.5 | \"prompt\":\"a\",\"logit_bias\":{\"5\":101}",
        "allowed_token_ids | \"prompt\":\"a\",\"allowed_token_ids\":[]",
        "stop_token_ids[0] | \"prompt\":\"a\",\"stop_token_ids\":[2000]",
        "guided_json | \"prompt\":\"a\",\"guided_json\":{}",
        "response_format | \"prompt\":\"a\",\"response_format\":{\"type\":\"json_object\"}",
        "best_of | \"prompt\":\"a\",\"best_of\":3",
        "suffix | \"prompt\":\"a\",\"suffix\":\"b\"",
      })
  void badCompletionIsRefused(String parameter, String fields) {
    JsonNode error = error(FIXTURE.post(TEXT, "{" + fields + "}"), 400);
    assertThat(error.get("param").asString()).isEqualTo(parameter);
    assertThat(error.get("type").asString()).isEqualTo("invalid_request_error");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "messages | \"messages\":[]",
        "messages | \"x\":1",
        "messages | \"messages\":\"hi\"",
        "messages[0] | \"messages\":[\"hi\"]",
        "messages[0].role | \"messages\":[{\"content\":\"hi\"}]",
        "messages[0].content | \"messages\":[{\"role\":\"user\"}]",
        "messages[0].content | \"messages\":[{\"role\":\"user\",\"content\":5}]",
        "messages[0].content | \"messages\":[{\"role\":\"user\",\"content\":\"\\ud83d\"}]",
        "messages[0].content[0].type | \"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]",
        "tools | @,\"tools\":[]",
        "tools[0].function | @,\"tools\":[{\"type\":\"function\"}]",
        "tool_choice | @,\"tool_choice\":\"auto\"",
        "tool_choice | @,$",
        "tool_choice | @,$,\"tool_choice\":\"required\"",
        "tool_choice | @,$,\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}",
        "tool_choice | @,$,\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"g\"}}",
        "tool_choice | @,$,\"tool_choice\":7",
        "top_logprobs | @,\"top_logprobs\":3",
        "chat_template | @,\"chat_template\":\"{{ x }}\"",
        "chat_template_kwargs | @,\"chat_template_kwargs\":{\"chat_template\":\"x\"}",
        "chat_template_kwargs | @,\"chat_template_kwargs\":{\"loop\":true}",
        "chat_template_kwargs | @,\"chat_template_kwargs\":3",
        "continue_final_message | @,\"continue_final_message\":true,\"add_generation_prompt\":true",
        "max_completion_tokens | @,\"max_completion_tokens\":0",
        "response_format | @,\"response_format\":{\"type\":\"json_schema\"}",
      })
  void badChatIsRefused(String parameter, String fields) {
    String body =
        fields
            .replace("@", "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]")
            .replace("$", "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]");
    JsonNode error = error(FIXTURE.post(CHAT, "{" + body + "}"), 400);
    assertThat(error.get("param").asString()).isEqualTo(parameter);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "nonsense", "{\"prompt\":\"\u0001\"}", "7", "{\"a\":}"})
  void brokenJsonIsRefused(String body) {
    assertThat(error(FIXTURE.post(TEXT, body), 400).get("code").asString())
        .isEqualTo("invalid_json");
  }

  @Test
  void deepNestingIsRefused() {
    String deep = "{\"prompt\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    assertThat(error(FIXTURE.post(TEXT, deep), 400).get("code").asString())
        .isEqualTo("invalid_json");
  }

  @Test
  void brokenUtf8IsRefused() {
    byte[] body = "{\"prompt\":\"a_\"}".getBytes(StandardCharsets.US_ASCII);
    body[12] = (byte) 0xff;
    error(FIXTURE.send(FIXTURE.request(TEXT).POST(BodyPublishers.ofByteArray(body))), 400);
  }

  @Test
  void promptBeyondTheContextIsRefused() {
    String text = "{\"prompt\":\"" + "a".repeat(300) + "\"}";
    assertThat(error(FIXTURE.post(TEXT, text), 400).get("code").asString())
        .isEqualTo("context_length_exceeded");
    String ids = "{\"prompt\":[" + "1,".repeat(300) + "1]}";
    assertThat(error(FIXTURE.post(TEXT, ids), 400).get("code").asString())
        .isEqualTo("context_length_exceeded");
  }

  @Test
  void largeBodyIsRefused() {
    String body = "{\"prompt\":\"" + "a".repeat(10 << 20) + "\"}";
    assertThat(error(FIXTURE.post(TEXT, body), 413).get("message").asString())
        .contains("8388608 bytes");
  }

  @Test
  void unknownModelIsNotFound() {
    JsonNode error = error(FIXTURE.post(TEXT, "{\"model\":\"gpt\",\"prompt\":\"a\"}"), 404);
    assertThat(error.get("code").asString()).isEqualTo("model_not_found");
    assertThat(error.get("message").asString()).contains("'fake'");
    error(FIXTURE.post(CHAT, "{\"model\":7}"), 400);
    error(FIXTURE.get("/v1/models/gpt"), 404);
  }

  @Test
  void unknownAddressAndMethodAreTold() {
    assertThat(error(FIXTURE.get("/v1/embeddings"), 404).get("message").asString())
        .contains("/v1/completions");
    error(FIXTURE.get(CHAT), 405);
    error(FIXTURE.send(FIXTURE.request("/v1/models").DELETE()), 405);
  }

  @ParameterizedTest
  @CsvSource({"431, 100000, 10", "414, 10, 100000"})
  void giantHeadAnswersInTheSameForm(int status, int header, int path) throws Exception {
    try (Socket socket = new Socket("127.0.0.1", FIXTURE.server.port())) {
      OutputStream out = socket.getOutputStream();
      String head = "GET /" + "p".repeat(path) + " HTTP/1.1\r\nHost: x\r\nX-Y: ";
      out.write((head + "h".repeat(header) + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      out.flush();
      InputStream in = socket.getInputStream();
      String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 " + status).contains("{\"error\":{\"message\":");
    }
  }
}
