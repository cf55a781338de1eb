package dev.tenon.distribution.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.json.values.JsonValues;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/**
 * Bad input to the engine that serves: each gets a 4xx that says what would be right, and the next
 * request is answered.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String TEXT = "/v1/completions";
  private static final String HELLO = "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]";

  @SuppressWarnings("NullAway.Init") // set before the first test
  private DemoServer demo;

  @BeforeAll
  void open(@TempDir Path folder) throws IOException {
    demo = new DemoServer(folder);
  }

  @AfterAll
  void close() {
    demo.close();
  }

  @AfterEach
  void stillServes() throws Exception {
    HttpResponse<String> answer = demo.post(CHAT, "{" + HELLO + ",\"max_tokens\":4}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    demo.awaitIdle();
  }

  private void refused(int status, String path, String body, String hint) throws Exception {
    HttpResponse<String> response = demo.post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = JsonValues.read(response.body()).path("error");
    assertThat(error.path("message").asString("")).contains(hint);
    assertThat(error.path("type").asString("")).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"prompt\":\"\" | prompt",
        "\"prompt\":[] | prompt",
        "\"prompt\":[[]] | prompt",
        "\"prompt\":\"a\",\"n\":0 | n is 0",
        "\"prompt\":\"a\",\"n\":1000000000 | n must be from 1",
        "\"prompt\":\"a\",\"max_tokens\":0 | max_tokens is 0",
        "\"prompt\":\"a\",\"max_tokens\":513 | 512",
        "\"prompt\":\"a\",\"max_tokens\":99999999999 | max_tokens",
        "\"prompt\":\"a\",\"temperature\":NaN | temperature",
        "\"prompt\":\"a\",\"temperature\":-Infinity | temperature",
        "\"prompt\":\"a\",\"temperature\":\"warm\" | a number",
        "\"prompt\":{\"text\":\"a\"} | prompt",
        "\"prompt\":\"a\",\"stop\":7 | stop",
        "\"prompt\":\"a\",\"logit_bias\":[1] | logit_bias",
        "\"prompt\":\"a\",\"stream\":\"yes\" | true or false",
        "\"prompt\":[0,99999999] | 99999999",
        "\"prompt\":[-1] | -1",
        "\"prompt\":\"a\",\"allowed_token_ids\":[99999999] | allowed_token_ids",
        "\"prompt\":\"a\",\"stop_token_ids\":[-2] | stop_token_ids",
        "\"prompt\":\"a\",\"logit_bias\":{\"99999999\":1} | logit_bias",
        "\"prompt\":\"\\ud800x\" | surrogate",
        "\"prompt\":\"a\",\"stop\":[\"\\udc00\"] | surrogate",
      })
  void badCompletionsAreRefused(String fields, String hint) throws Exception {
    refused(400, TEXT, "{" + fields + "}", hint);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"messages\":[] | messages",
        "\"messages\":\"hi\" | messages",
        "\"messages\":[{\"role\":\"user\",\"content\":\"\\ud83d\"}] | surrogate",
        "\"messages\":[{\"role\":\"user\",\"content\":{}}] | content",
        "@,\"max_tokens\":513 | 512",
        "@,\"temperature\":NaN | temperature",
        "@,\"n\":-1 | n is -1",
        "@,\"tools\":{\"type\":\"function\"} | tools",
        "@,\"chat_template_kwargs\":{\"spin\":\"x\"} | template",
      })
  void badChatsAreRefused(String fields, String hint) throws Exception {
    refused(400, CHAT, "{" + fields.replace("@", HELLO) + "}", hint);
  }

  @ParameterizedTest
  @CsvSource({"1000000", "1000000000000", "100000"})
  void aTemplateArgumentThatLoopsEndsAtTheTemplatesBounds(String spin) throws Exception {
    String body = "{" + HELLO + ",\"chat_template_kwargs\":{\"spin\":" + spin + "}}";
    refused(400, CHAT, body, "template");
  }

  @Test
  void aPromptOverTheLimitIsRefusedWithTheLimit() throws Exception {
    String words = "water ".repeat(2_000);
    refused(400, TEXT, "{\"prompt\":\"" + words + "\"}", "512");
    refused(400, CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"" + words + "\"}]}", "512");
    refused(400, TEXT, "{\"prompt\":[" + "5,".repeat(600) + "5]}", "512");
  }

  @Test
  void anUnknownModelIsNotFound() throws Exception {
    refused(404, CHAT, "{\"model\":\"gpt\"," + HELLO + "}", "'demo'");
    refused(404, TEXT, "{\"model\":\"gpt\",\"prompt\":\"a\"}", "'demo'");
    refused(400, TEXT, "{\"model\":7,\"prompt\":\"a\"}", "model");
  }

  @Test
  void aBodyOfTenMegabytesIsRefused() throws Exception {
    refused(413, TEXT, "{\"prompt\":\"" + "a".repeat(10 << 20) + "\"}", "bytes");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {"{", "{\"prompt\":", "[]", "nonsense", "{\"prompt\":\"a\"", "{\"a\":}"})
  void brokenJsonIsRefused(String body) throws Exception {
    refused(400, TEXT, body, "JSON");
    refused(400, CHAT, body, "JSON");
  }
}
