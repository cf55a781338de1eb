package dev.tenon.server.javalin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.EngineHealth;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class StatusTest {
  @Test
  void modelsAreListedUnderTheirServedNames() {
    try (ServerFixture fixture =
        new ServerFixture(ServerFixture.settings().servedModelNames(List.of("a/b", "c")))) {
      JsonNode list = Json.read(fixture.get("/v1/models").body());
      assertThat(list.at("/data/0/id").asString()).isEqualTo("a/b");
      assertThat(list.at("/data/1/id").asString()).isEqualTo("c");
      assertThat(list.at("/data/0/max_model_len").intValue()).isEqualTo(FakeEngine.MAX_LENGTH);
      assertThat(list.at("/data/0/vocab_size").intValue()).isEqualTo(CharacterTokenizer.SIZE);
      assertThat(fixture.get("/v1/models/a/b").statusCode()).isEqualTo(200);
      JsonNode answer =
          fixture.json("/v1/completions", "{\"model\":\"c\",\"prompt\":\"a\",\"max_tokens\":1}");
      assertThat(answer.get("model").asString()).isEqualTo("c");
    }
  }

  @Test
  void healthFollowsTheEngine() {
    try (ServerFixture fixture = new ServerFixture()) {
      assertThat(fixture.get("/health").statusCode()).isEqualTo(200);
      assertThat(fixture.get("/ping").statusCode()).isEqualTo(200);
      fixture.engine.health = new EngineHealth(EngineHealth.State.FAILED, "device fault 700");
      assertThat(fixture.get("/health").statusCode()).isEqualTo(503);
      assertThat(fixture.get("/health").body()).contains("device fault 700");
      HttpResponse<String> refused = fixture.post("/v1/completions", "{\"prompt\":\"a\"}");
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
    }
  }

  @Test
  void versionIsTheBuilds() {
    try (ServerFixture fixture = new ServerFixture()) {
      assertThat(Json.read(fixture.get("/version").body()).get("version").asString())
          .matches("\\d+\\.\\d+\\.\\d+.*");
    }
  }

  @Test
  void metricsCarryTheFamiliarNames() {
    try (ServerFixture fixture = new ServerFixture()) {
      String text = fixture.get("/metrics").body();
      String labels = "{model_name=\"fake\",engine=\"0\"";
      assertThat(text)
          .contains("# TYPE vllm:num_requests_running gauge\n")
          .contains("vllm:num_requests_waiting" + labels + "} 2\n")
          .contains("vllm:kv_cache_usage_perc" + labels + "} 0.25\n")
          .contains("vllm:num_preemptions_total" + labels + "} 3\n")
          .contains("vllm:request_success_total" + labels + ",finished_reason=\"stop\"} 5\n")
          .contains("vllm:spec_decode_num_accepted_tokens_total" + labels + "} 9\n")
          .contains("accepted_tokens_per_pos_total" + labels + ",position=\"1\"} 4\n")
          .contains("vllm:time_to_first_token_seconds_bucket" + labels + ",le=\"0.1\"} 3\n")
          .contains("vllm:time_to_first_token_seconds_bucket" + labels + ",le=\"+Inf\"} 6\n")
          .contains("vllm:time_to_first_token_seconds_sum" + labels + "} 4.5\n")
          .contains("vllm:time_to_first_token_seconds_count" + labels + "} 6\n");
    }
  }

  @Test
  void keyGuardsAllButHealth() {
    try (ServerFixture fixture =
        new ServerFixture(ServerFixture.settings().apiKeys(List.of("s1", "s2")))) {
      for (String path : List.of("/v1/models", "/metrics", "/version", "/nowhere")) {
        assertThat(fixture.get(path).statusCode()).as(path).isEqualTo(401);
      }
      assertThat(fixture.post("/tokenize", "{").statusCode()).isEqualTo(401);
      assertThat(fixture.get("/health").statusCode()).isEqualTo(200);
      assertThat(fixture.get("/ping").statusCode()).isEqualTo(200);
      for (String wrong : List.of("Bearer s", "Bearer s1x", "s1", "Basic s1", "Bearer ")) {
        assertThat(
                fixture
                    .send(fixture.request("/v1/models").header("Authorization", wrong))
                    .statusCode())
            .as(wrong)
            .isEqualTo(401);
      }
      for (String right : List.of("Bearer s1", "bearer s2")) {
        assertThat(
                fixture
                    .send(fixture.request("/v1/models").header("Authorization", right))
                    .statusCode())
            .as(right)
            .isEqualTo(200);
      }
    }
  }

  @Test
  void textBecomesIdsAndBack() {
    try (ServerFixture fixture = new ServerFixture()) {
      JsonNode ids = fixture.json("/tokenize", "{\"prompt\":\"ab\",\"return_token_strs\":true}");
      assertThat(ids.get("tokens").toString()).isEqualTo("[97,98]");
      assertThat(ids.get("count").intValue()).isEqualTo(2);
      assertThat(ids.get("token_strs").toString()).isEqualTo("[\"a\",\"b\"]");
      assertThat(fixture.json("/detokenize", "{\"tokens\":[97,98]}").get("prompt").asString())
          .isEqualTo("ab");
      JsonNode chat =
          fixture.json(
              "/tokenize",
              "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
                  + "\"add_generation_prompt\":false}");
      assertThat(chat.get("tokens").get(0).intValue()).isEqualTo('C');
      assertThat(fixture.post("/detokenize", "{\"tokens\":[1000]}").statusCode()).isEqualTo(400);
    }
  }

  @Test
  void stoppingLetsRunningRequestsEnd() throws Exception {
    try (ServerFixture fixture = new ServerFixture()) {
      fixture.engine.stepTime = Duration.ofMillis(30);
      HttpResponse<String>[] answer = newArray();
      Thread asking =
          Thread.ofVirtual()
              .start(() ->
                  answer[0] =
                      fixture.post("/v1/completions", "{\"prompt\":\"a\",\"stream\":true}"));
      while (fixture.engine.streams.isEmpty()) {
        Thread.sleep(2);
      }
      fixture.server.stop(Duration.ofSeconds(5));
      asking.join();
      assertThat(answer[0].body()).endsWith("data: [DONE]\n\n");
      assertThat(fixture.engine.streams.getFirst().ended).isTrue();
    }
  }

  @SuppressWarnings("unchecked")
  private static HttpResponse<String>[] newArray() {
    return new HttpResponse[1];
  }

  @Test
  void stoppingCancelsWhatTakesTooLong() throws Exception {
    try (ServerFixture fixture = new ServerFixture()) {
      fixture.engine.stepTime = Duration.ofMillis(100);
      Thread asking =
          Thread.ofVirtual()
              .start(() -> fixture.post("/v1/completions", "{\"prompt\":\"a\",\"stream\":true}"));
      while (fixture.engine.streams.isEmpty()) {
        Thread.sleep(2);
      }
      fixture.server.stop(Duration.ofMillis(50));
      asking.join();
      assertThat(fixture.engine.streams.getFirst().closed).isTrue();
    }
  }

  @Test
  void portInUseAndUnknownParserAreTold() {
    try (ServerFixture fixture = new ServerFixture()) {
      ServerConfig same = ServerFixture.settings().port(fixture.server.port()).build();
      assertThatThrownBy(() -> TenonServer.start(fixture.engine, same))
          .isInstanceOfSatisfying(
              TenonException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION));
      ServerConfig unknown = ServerFixture.settings().toolCallParser("none").build();
      assertThatThrownBy(() -> TenonServer.start(fixture.engine, unknown))
          .isInstanceOfSatisfying(
              TenonException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.PLUGIN_NOT_FOUND));
    }
  }
}
