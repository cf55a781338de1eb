package dev.tenon.server.javalin;

import dev.tenon.api.GenerationRequest;
import java.util.List;

/**
 * A request of {@code /v1/completions}.
 *
 * @param id of the answer
 * @param model name to answer with
 * @param generations one per prompt
 * @param choices per prompt
 * @param echo what of the prompt is part of the answer
 * @param options how the answer is sent
 * @param tokenForm how tokens are named
 * @param tokenIds whether ids are part of the answer
 */
record CompletionRequest(
    String id,
    String model,
    List<GenerationRequest> generations,
    int choices,
    Echo echo,
    StreamOptions options,
    TokenForm tokenForm,
    TokenIds tokenIds) {

  /** What of prompt and output the answer holds. */
  enum Echo {
    OUTPUT,
    PROMPT_AND_OUTPUT,
    PROMPT
  }
}
