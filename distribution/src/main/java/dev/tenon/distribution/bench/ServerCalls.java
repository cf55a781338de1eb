package dev.tenon.distribution.bench;

import dev.tenon.distribution.bench.RandomRequests.RandomRequest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a benchmark asks a server. */
public final class ServerCalls {
  private static final int BUFFER_BYTES = 1 << 14;
  private static final int OK = 200;
  private static final int SHOWN_CHARACTERS = 300;

  private final Target target;
  private final LoadPlan plan;

  ServerCalls(Target target, LoadPlan plan) {
    this.target = target;
    this.plan = plan;
  }

  /** How many ids the server's model has; 0 where it does not say. */
  public static int vocabulary(Target target) throws IOException {
    try (HttpExchange exchange = HttpExchange.get(target, "/v1/models")) {
      String body = exchange.text();
      if (exchange.status() != OK) {
        throw new IOException(answered(exchange.status(), body));
      }
      return JsonMapper.shared().readTree(body).at("/data/0/vocab_size").asInt(0);
    } catch (JacksonException e) {
      throw new IOException("/v1/models is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** The body to send for a request. */
  byte[] body(RandomRequest request) throws IOException {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("model", plan.model());
    if (plan.isChat()) {
      body.put("messages", List.of(Map.of("role", "user", "content", text(request.prompt()))));
    } else {
      body.put("prompt", request.prompt());
    }
    body.put("max_tokens", request.outputTokens());
    body.put("temperature", plan.temperature());
    body.put("repetition_penalty", 1.0);
    body.put("stream", true);
    body.put("stream_options", Map.of("include_usage", true));
    if (plan.end() == LoadPlan.AnswerEnd.BY_LENGTH) {
      body.put("ignore_eos", true);
    }
    return JsonMapper.shared().writeValueAsBytes(body);
  }

  /** A chat takes text alone; the server has the tokenizer that makes it from ids. */
  private String text(int[] ids) throws IOException {
    byte[] body =
        JsonMapper.shared().writeValueAsBytes(Map.of("model", plan.model(), "tokens", ids));
    try (HttpExchange exchange = HttpExchange.post(target, "/detokenize", body)) {
      String answer = exchange.text();
      JsonNode prompt =
          exchange.status() == OK ? JsonMapper.shared().readTree(answer).path("prompt") : null;
      if (prompt == null || !prompt.isString()) {
        throw new IOException("/detokenize: " + answered(exchange.status(), answer));
      }
      return prompt.stringValue();
    } catch (JacksonException e) {
      throw new IOException("/detokenize is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * Sends a request and reads its answer to the end.
   *
   * @param chunks told how many chunks came, each time some do
   */
  Outcome run(RandomRequest request, byte[] body, IntConsumer chunks) {
    EventReader events = new EventReader();
    byte[] bytes = new byte[BUFFER_BYTES];
    long started = System.nanoTime();
    try (HttpExchange exchange = HttpExchange.post(target, plan.endpoint(), body)) {
      if (exchange.status() != OK) {
        return Outcome.failed(started, answered(exchange.status(), exchange.text()));
      }
      for (int read = exchange.read(bytes); read >= 0; read = exchange.read(bytes)) {
        chunks.accept(events.take(bytes, read, System.nanoTime()));
      }
    } catch (IOException | RuntimeException e) {
      return Outcome.failed(started, String.valueOf(e.getMessage()));
    }
    long[] times = events.times();
    if (!events.failure().isEmpty()) {
      return Outcome.failed(started, events.failure());
    }
    if (times.length == 0 || !events.isDone()) {
      return Outcome.failed(started, "the answer ended after " + times.length + " chunks");
    }
    return new Outcome(
        started,
        times,
        events.promptTokens() >= 0 ? events.promptTokens() : request.prompt().length,
        events.outputTokens() >= 0 ? events.outputTokens() : times.length,
        "");
  }

  private static String answered(int status, String body) {
    String shown = body.length() <= SHOWN_CHARACTERS ? body : body.substring(0, SHOWN_CHARACTERS);
    return "status " + status + ": " + shown.strip();
  }

  /** Where a request is sent, for messages. */
  String address() {
    return target.host() + ":" + target.port() + target.prefix() + plan.endpoint();
  }
}
