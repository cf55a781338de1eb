package dev.tenon.server.javalin;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** A server over a fake engine on a free port of loopback, and a client of it. */
final class ServerFixture implements AutoCloseable {
  final FakeEngine engine = new FakeEngine();
  final TenonServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  ServerFixture() {
    this(settings());
  }

  ServerFixture(ServerConfig.Builder config) {
    server = TenonServer.start(engine, config.build());
  }

  static ServerConfig.Builder settings() {
    return ServerConfig.builder().host("127.0.0.1").port(0);
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
  }

  HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  HttpResponse<String> post(String path, String body) {
    return send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  HttpResponse<String> get(String path) {
    return send(request(path));
  }

  /** The body of an answer that must be a success. */
  JsonNode json(String path, String body) {
    HttpResponse<String> response = post(path, body);
    if (response.statusCode() != 200) {
      throw new AssertionError(response.statusCode() + " " + response.body());
    }
    return Json.read(response.body());
  }

  /** The chunks of a stream that must be a success and well terminated. */
  List<JsonNode> chunks(String path, String body) {
    HttpResponse<String> response = post(path, body);
    String text = response.body();
    if (response.statusCode() != 200 || !text.endsWith("data: [DONE]\n\n")) {
      throw new AssertionError(response.statusCode() + " " + text);
    }
    List<JsonNode> chunks = new ArrayList<>();
    for (String event : text.split("\n\n")) {
      if (!event.equals("data: [DONE]")) {
        chunks.add(Json.read(event.substring("data: ".length())));
      }
    }
    return chunks;
  }

  @Override
  public void close() {
    server.close();
    client.shutdownNow();
  }
}
