package dev.tenon.server.javalin;

import dev.tenon.api.Engine;
import dev.tenon.spi.text.Tokenizer;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** The engine's model under the names that requests may use. */
final class ServedModel {
  private final Engine engine;
  private final List<String> names;

  ServedModel(Engine engine, List<String> names) {
    this.engine = engine;
    this.names = names.isEmpty() ? List.of(engine.model().name()) : names;
  }

  Engine engine() {
    return engine;
  }

  List<String> names() {
    return names;
  }

  /** The name to answer with; a request may leave it out. */
  String named(Fields fields) {
    String name = fields.text("model");
    if (name == null || name.isEmpty()) {
      return names.getFirst();
    }
    if (!names.contains(name)) {
      throw new HttpError(
          404,
          "model_not_found",
          "model",
          "the model '" + name + "' is not served here; give " + quoted() + ", or leave it out");
    }
    return name;
  }

  private String quoted() {
    return String.join(" or ", names.stream().map(name -> "'" + name + "'").toList());
  }

  Tokenizer tokenizer(String parameter) {
    return engine
        .tokenizer()
        .orElseThrow(() ->
            HttpError.unsupported(
                parameter,
                "the checkpoint has no tokenizer; send a prompt of token ids to"
                    + " /v1/completions"));
  }

  /** Checks an id against the vocabulary. */
  int id(JsonNode node, String path) {
    return (int) Fields.integral(node, path, 0, engine.model().vocabularySize() - 1L);
  }
}
