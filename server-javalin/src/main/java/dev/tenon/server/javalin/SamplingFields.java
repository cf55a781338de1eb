package dev.tenon.server.javalin;

import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SamplingParametersBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The sampling fields that both generating endpoints share: OpenAI's and vLLM's. */
final class SamplingFields {
  private static final int MAX_TEXTS = 256;
  private static final int MAX_TEXT_LENGTH = 4096;

  private final ServedModel model;

  SamplingFields(ServedModel model) {
    this.model = model;
  }

  SamplingParametersBuilder read(Fields fields) {
    return SamplingParameters.builder()
        .n(fields.integer("n", 1, Integer.MAX_VALUE, 1))
        .temperature(fields.real("temperature", 0, Double.MAX_VALUE))
        .topP(topP(fields))
        .topK(fields.integer("top_k", -1, Integer.MAX_VALUE))
        .minP(fields.real("min_p", 0, 1))
        .repetitionPenalty(repetitionPenalty(fields))
        .presencePenalty(fields.real("presence_penalty", -2, 2, 0))
        .frequencyPenalty(fields.real("frequency_penalty", -2, 2, 0))
        .seed(fields.number("seed", Long.MIN_VALUE, Long.MAX_VALUE))
        .logitBias(logitBias(fields))
        .badWords(texts(fields, "bad_words"))
        .allowedTokenIds(allowed(fields))
        .minTokens(fields.integer("min_tokens", 0, Integer.MAX_VALUE, 0))
        .stop(stop(fields))
        .stopTokenIds(Objects.requireNonNullElse(ids(fields, "stop_token_ids"), List.of()))
        .includeStopInOutput(fields.flag("include_stop_str_in_output", false))
        .ignoreEndOfText(fields.flag("ignore_eos", false))
        .promptLogprobs(fields.integer("prompt_logprobs", -1, Integer.MAX_VALUE))
        .skipSpecialTokens(fields.flag("skip_special_tokens", true));
  }

  private static @Nullable Double topP(Fields fields) {
    Double value = fields.real("top_p", 0, 1);
    if (value != null && value == 0) {
      throw HttpError.badField("top_p", "top_p is 0; give a number above 0, up to 1");
    }
    return value;
  }

  private static @Nullable Double repetitionPenalty(Fields fields) {
    Double value = fields.real("repetition_penalty", 0, Double.MAX_VALUE);
    if (value != null && value == 0) {
      throw HttpError.badField(
          "repetition_penalty", "repetition_penalty is 0; give a number above 0, 1 for none");
    }
    return value;
  }

  private Map<Integer, Double> logitBias(Fields fields) {
    Fields bias = fields.object("logit_bias");
    Map<Integer, Double> values = new HashMap<>();
    if (bias == null) {
      return values;
    }
    for (Map.Entry<String, JsonNode> entry : bias.json().properties()) {
      String path = "logit_bias." + entry.getKey();
      values.put(idOfKey(entry.getKey()), Fields.finite(entry.getValue(), path, -100, 100));
    }
    return values;
  }

  private int idOfKey(String key) {
    int vocabulary = model.engine().model().vocabularySize();
    try {
      int id = Integer.parseInt(key);
      if (id >= 0 && id < vocabulary) {
        return id;
      }
    } catch (NumberFormatException notAnId) {
      // Refused below, with ids out of range.
    }
    throw HttpError.badField(
        "logit_bias",
        "logit_bias has the key '" + key + "'; keys are token ids, 0 to " + (vocabulary - 1));
  }

  private @Nullable List<Integer> allowed(Fields fields) {
    List<Integer> ids = ids(fields, "allowed_token_ids");
    if (ids != null && ids.isEmpty()) {
      throw HttpError.badField(
          "allowed_token_ids", "allowed_token_ids is empty; list the ids allowed, or leave it out");
    }
    return ids;
  }

  private @Nullable List<Integer> ids(Fields fields, String name) {
    List<JsonNode> nodes = fields.list(name, model.engine().model().vocabularySize());
    if (nodes == null) {
      return null;
    }
    List<Integer> ids = new ArrayList<>();
    for (JsonNode node : nodes) {
      ids.add(model.id(node, name + "[" + ids.size() + "]"));
    }
    return ids;
  }

  private static List<String> stop(Fields fields) {
    JsonNode node = fields.node("stop");
    if (node != null && node.isString()) {
      return List.of(checked(node, "stop"));
    }
    return texts(fields, "stop");
  }

  private static List<String> texts(Fields fields, String name) {
    List<JsonNode> nodes = fields.list(name, MAX_TEXTS);
    List<String> texts = new ArrayList<>();
    for (JsonNode node : nodes == null ? List.<JsonNode>of() : nodes) {
      texts.add(checked(node, name + "[" + texts.size() + "]"));
    }
    return texts;
  }

  private static String checked(JsonNode node, String path) {
    String text = Fields.string(node, path);
    if (text.isEmpty() || text.length() > MAX_TEXT_LENGTH) {
      throw HttpError.badField(
          path, path + " has " + text.length() + " characters; give 1 to " + MAX_TEXT_LENGTH);
    }
    return text;
  }
}
