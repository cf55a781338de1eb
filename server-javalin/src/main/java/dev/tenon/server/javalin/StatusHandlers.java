package dev.tenon.server.javalin;

import dev.tenon.api.EngineHealth;
import dev.tenon.api.ModelCard;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What can be asked about the server without generating anything. */
final class StatusHandlers {
  private final ServedModel model;
  private final String version = readVersion();

  StatusHandlers(ServedModel model) {
    this.model = model;
  }

  /** {@code GET /health} and {@code /ping}: 200 while requests are served, otherwise 503. */
  void health(Context context) {
    EngineHealth health = model.engine().health();
    if (health.state() == EngineHealth.State.SERVING) {
      context.status(200).result("");
      return;
    }
    throw new HttpError(
        503,
        "not_serving",
        null,
        "the engine is "
            + health.state()
            + (health.reason().isEmpty() ? "" : ": ")
            + health.reason());
  }

  /** {@code GET /version}. */
  void version(Context context) {
    Responses.json(context, 200, Json.object().put("version", version));
  }

  /** {@code GET /v1/models}. */
  void models(Context context) {
    ObjectNode body = Json.object().put("object", "list");
    ArrayNode data = body.putArray("data");
    for (String name : model.names()) {
      data.add(card(name));
    }
    Responses.json(context, 200, body);
  }

  /** {@code GET /v1/models/…}. */
  void model(Context context) {
    String name = context.path().substring(Routes.MODELS.length() + 1);
    if (!model.names().contains(name)) {
      throw new HttpError(
          404,
          "model_not_found",
          "model",
          "the model '" + name + "' is not served here; GET /v1/models lists those that are");
    }
    Responses.json(context, 200, card(name));
  }

  private ObjectNode card(String name) {
    ModelCard card = model.engine().model();
    ObjectNode entry =
        Json.object()
            .put("id", name)
            .put("object", "model")
            .put("created", card.createdSeconds())
            .put("owned_by", "tenon")
            .put("root", card.root())
            .put("max_model_len", card.maxModelLen())
            .put("vocab_size", card.vocabularySize());
    entry.putNull("parent");
    return entry;
  }

  /** {@code GET /metrics}. */
  void metrics(Context context) {
    context
        .contentType("text/plain; version=0.0.4; charset=utf-8")
        .result(Metrics.exposition(model.engine().statistics(), model.names().getFirst()));
  }

  private static String readVersion() {
    Properties properties = new Properties();
    try (InputStream in = StatusHandlers.class.getResourceAsStream("version.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version", "unknown");
  }
}
