package dev.tenon.distribution;

import dev.tenon.api.Engine;
import dev.tenon.api.LoadProgress;
import dev.tenon.server.javalin.ServerConfig;
import dev.tenon.server.javalin.TenonServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Serves a few requests to itself and ends, so that the virtual machine can record which classes a
 * start needs. The launcher turns the record into an archive that later starts map.
 */
final class RehearseCommand extends EngineCommand {
  private static final String COMPLETION = "{\"prompt\":\"Hello\",\"max_tokens\":2,\"stream\":%s}";
  private static final String CHAT =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":2,\"stream\":%s}";

  RehearseCommand() {
    super(
        "rehearse", "Records what a start needs, so that later ones are faster.", ServerFlags.ALL);
    spec().usageMessage().hidden(true);
  }

  @Override
  int run(Given given) throws IOException {
    ServerConfig config = ServerConfig.builder().host("127.0.0.1").port(0).build();
    try (Engine engine = given.open(LoadProgress.SILENT)) {
      TenonServer server = TenonServer.start(engine, config);
      try {
        String address = "http://127.0.0.1:" + server.port();
        request(address + "/health", "");
        request(address + "/v1/models", "");
        for (boolean stream : new boolean[] {false, true}) {
          request(address + "/v1/completions", COMPLETION.formatted(stream));
          request(address + "/v1/chat/completions", CHAT.formatted(stream));
        }
      } finally {
        server.stop(Duration.ofSeconds(5));
      }
    }
    return 0;
  }

  /** Whatever the answer is, it was served. */
  private static void request(String address, String body) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) URI.create(address).toURL().openConnection();
    if (!body.isEmpty()) {
      connection.setDoOutput(true);
      connection.setRequestProperty("Content-Type", "application/json");
      try (OutputStream out = connection.getOutputStream()) {
        out.write(body.getBytes(StandardCharsets.UTF_8));
      }
    }
    boolean refused = connection.getResponseCode() >= HttpURLConnection.HTTP_BAD_REQUEST;
    try (InputStream in = refused ? connection.getErrorStream() : connection.getInputStream()) {
      if (in != null) {
        in.transferTo(OutputStream.nullOutputStream());
      }
    }
  }
}
