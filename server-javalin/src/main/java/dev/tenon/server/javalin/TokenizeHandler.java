package dev.tenon.server.javalin;

import dev.tenon.spi.text.Tokenizer;
import io.javalin.http.Context;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code POST /tokenize} and {@code POST /detokenize}. */
final class TokenizeHandler {
  private final ServedModel model;

  TokenizeHandler(ServedModel model) {
    this.model = model;
  }

  void tokenize(Context context, Fields fields) {
    model.named(fields);
    RefusedFields.check(fields);
    boolean chat = fields.has("messages");
    String parameter = chat ? "messages" : "prompt";
    Tokenizer tokenizer = model.tokenizer(parameter);
    String text =
        chat
            ? model.engine().render(ChatPromptReader.read(fields, ChatMessages.tools(fields)))
            : fields.text("prompt");
    if (text == null) {
      throw HttpError.badField("prompt", "prompt is missing; give a text, or messages");
    }
    int[] ids = tokenizer.encode(text);
    ObjectNode body =
        Json.object()
            .put("count", ids.length)
            .put("max_model_len", model.engine().model().maxModelLen());
    Ids.addAll(body.putArray("tokens"), ids);
    if (fields.flag("return_token_strs", false)) {
      TokenTexts texts = new TokenTexts(model.engine().tokenizer(), TokenForm.TEXT);
      ArrayNode strings = body.putArray("token_strs");
      for (int id : ids) {
        strings.add(texts.text(id));
      }
    }
    Responses.json(context, 200, body);
  }

  void detokenize(Context context, Fields fields) {
    model.named(fields);
    List<JsonNode> nodes = fields.list("tokens", Integer.MAX_VALUE);
    if (nodes == null) {
      throw HttpError.badField("tokens", "tokens is missing; give a list of token ids");
    }
    int[] ids = new int[nodes.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = model.id(nodes.get(i), "tokens[" + i + "]");
    }
    String text = model.tokenizer("tokens").decode(ids, Tokenizer.SpecialTokens.KEEP);
    Responses.json(context, 200, Json.object().put("prompt", text));
  }
}
