package dev.tenon.distribution.http;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineStatistics;
import dev.tenon.server.javalin.ServerConfig;
import dev.tenon.server.javalin.TenonServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The demo checkpoint behind the server on a free port of loopback, and a client of it. */
final class DemoServer implements AutoCloseable {
  /** Longest prompt plus output. */
  static final int MAX_LENGTH = 512;

  /** The name that it is served by. */
  static final String MODEL = "demo";

  private static final Path CHECKPOINT = Path.of("..", "demo", "checkpoint").toAbsolutePath();

  private static final Duration GENEROUS = Duration.ofSeconds(60);

  final Engine engine;
  final TenonServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  /**
   * Opens it.
   *
   * @param folder where the checkpoint is put together: the demo's files, with a template that
   *     counts to {@code spin} twice nested before it renders
   */
  DemoServer(Path folder) throws IOException {
    String template = Files.readString(CHECKPOINT.resolve("chat_template.jinja"));
    Files.writeString(
        folder.resolve("chat_template.jinja"),
        "{%- for i in range(spin or 0) -%}{%- for j in range(spin) -%}{%- endfor -%}{%- endfor -%}"
            + template);
    try (Stream<Path> files = Files.list(CHECKPOINT)) {
      for (Path file : files.toList()) {
        Path copy = folder.resolve(String.valueOf(file.getFileName()));
        if (!Files.exists(copy)) {
          Files.copy(file, copy);
        }
      }
    }
    engine =
        Engine.open(
            EngineConfig.builder(folder.toString())
                .backend("cpu")
                .maxModelLen(MAX_LENGTH)
                .maxNumSeqs(4)
                .build());
    server =
        TenonServer.start(
            engine,
            ServerConfig.builder()
                .host("127.0.0.1")
                .port(0)
                .servedModelNames(List.of(MODEL))
                .toolCallParser("hermes")
                .autoToolChoice(true)
                .build());
  }

  HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Waits until no sequence holds a slot; one that ended does until its last step is over. */
  void awaitIdle() throws InterruptedException {
    await(now -> now.running() + now.waiting() + now.slotsUsed() == 0);
  }

  /** Waits until something comes to hold of the engine's counters. */
  void await(Predicate<EngineStatistics> condition) throws InterruptedException {
    Instant limit = Instant.now().plus(GENEROUS);
    while (!condition.test(engine.statistics())) {
      if (Instant.now().isAfter(limit)) {
        throw new AssertionError("still " + engine.statistics());
      }
      Thread.sleep(1);
    }
  }

  @Override
  public void close() {
    server.close();
    engine.close();
    client.shutdownNow();
  }
}
