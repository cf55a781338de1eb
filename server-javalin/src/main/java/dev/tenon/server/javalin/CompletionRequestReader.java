package dev.tenon.server.javalin;

import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SamplingParametersBuilder;
import dev.tenon.server.javalin.CompletionRequest.Echo;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/** Reads and checks a request of {@code /v1/completions}. */
final class CompletionRequestReader {
  private static final int USUAL_MAX_TOKENS = 16;

  private final ServedModel model;
  private final SamplingFields sampling;
  private final int maxPrompts;

  CompletionRequestReader(ServedModel model, int maxPrompts) {
    this.model = model;
    this.sampling = new SamplingFields(model);
    this.maxPrompts = maxPrompts;
  }

  CompletionRequest read(Fields fields) {
    String name = model.named(fields);
    RefusedFields.check(fields);
    StreamOptions options = StreamOptions.read(fields);
    int maxTokens = fields.integer("max_tokens", 0, Integer.MAX_VALUE, USUAL_MAX_TOKENS);
    Echo echo = echo(fields, maxTokens);
    SamplingParametersBuilder builder = sampling.read(fields).maxTokens(Math.max(1, maxTokens));
    Integer logprobs = fields.integer("logprobs", -1, Integer.MAX_VALUE);
    builder.logprobs(logprobs);
    if (logprobs != null && echo != Echo.OUTPUT && !fields.has("prompt_logprobs")) {
      builder.promptLogprobs(logprobs);
    }
    SamplingParameters parameters = builder.build();
    int priority = fields.integer("priority", Integer.MIN_VALUE, Integer.MAX_VALUE, 0);
    String id = "cmpl-" + UUID.randomUUID().toString().replace("-", "");
    List<GenerationRequest> generations = new ArrayList<>();
    for (Prompt prompt : prompts(fields)) {
      generations.add(
          new GenerationRequest(id + "-" + generations.size(), prompt, parameters, priority, null));
    }
    return new CompletionRequest(
        id,
        name,
        generations,
        parameters.n(),
        echo,
        options,
        TokenForm.read(fields),
        TokenIds.read(fields));
  }

  private static Echo echo(Fields fields, int maxTokens) {
    boolean echo = fields.flag("echo", false);
    if (maxTokens > 0) {
      return echo ? Echo.PROMPT_AND_OUTPUT : Echo.OUTPUT;
    }
    if (echo) {
      return Echo.PROMPT;
    }
    throw HttpError.badField(
        "max_tokens", "max_tokens is 0; give at least 1, or 0 with \"echo\": true");
  }

  private List<Prompt> prompts(Fields fields) {
    JsonNode node = fields.node("prompt");
    if (node == null) {
      throw HttpError.badField("prompt", "prompt is missing; give a text or token ids");
    }
    if (node.isString()) {
      return List.of(text(node, "prompt"));
    }
    List<JsonNode> entries = fields.list("prompt", Integer.MAX_VALUE);
    if (entries == null || entries.isEmpty()) {
      throw HttpError.badField("prompt", "prompt is empty; give a text or token ids");
    }
    if (entries.getFirst().isNumber()) {
      return List.of(tokens(node, "prompt"));
    }
    if (entries.size() > maxPrompts) {
      throw HttpError.badField(
          "prompt", "prompt lists " + entries.size() + " prompts; give at most " + maxPrompts);
    }
    List<Prompt> prompts = new ArrayList<>();
    for (JsonNode entry : entries) {
      String path = "prompt[" + prompts.size() + "]";
      prompts.add(entry.isArray() ? tokens(entry, path) : text(entry, path));
    }
    return prompts;
  }

  private Prompt text(JsonNode node, String path) {
    String text = Fields.string(node, path);
    if (text.isEmpty()) {
      throw HttpError.badField(path, path + " is empty; give at least one token");
    }
    model.tokenizer(path);
    return Prompt.of(text);
  }

  private Prompt tokens(JsonNode list, String path) {
    if (list.isEmpty()) {
      throw HttpError.badField(path, path + " is empty; give at least one token");
    }
    int limit = model.engine().model().maxModelLen();
    if (list.size() > limit) {
      throw new HttpError(
          400,
          "context_length_exceeded",
          path,
          path + " has " + list.size() + " tokens; the context holds " + limit);
    }
    int[] ids = new int[list.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = model.id(list.get(i), path + "[" + i + "]");
    }
    return Prompt.of(ids);
  }
}
