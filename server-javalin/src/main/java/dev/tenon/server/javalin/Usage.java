package dev.tenon.server.javalin;

import dev.tenon.api.GenerationEvent;
import tools.jackson.databind.node.ObjectNode;

/** Counts the tokens of one HTTP request. */
final class Usage {
  private long prompt;
  private long cached;
  private long completion;

  void add(GenerationEvent event) {
    switch (event) {
      case GenerationEvent.PromptProcessed processed -> {
        prompt += processed.promptTokens();
        cached += processed.cachedTokens();
      }
      case GenerationEvent.Delta delta -> completion += delta.tokens().length;
      case GenerationEvent.Diagnosis diagnosis -> {}
      case GenerationEvent.Finished finished -> {}
    }
  }

  /** Forgets output that is not part of the answer. */
  void dropCompletion() {
    completion = 0;
  }

  ObjectNode json() {
    ObjectNode usage = Json.object();
    usage
        .put("prompt_tokens", prompt)
        .put("total_tokens", prompt + completion)
        .put("completion_tokens", completion);
    usage.putObject("prompt_tokens_details").put("cached_tokens", cached);
    return usage;
  }
}
