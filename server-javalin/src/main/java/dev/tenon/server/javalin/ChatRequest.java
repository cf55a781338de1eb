package dev.tenon.server.javalin;

import dev.tenon.api.GenerationRequest;

/**
 * A request of {@code /v1/chat/completions}.
 *
 * @param id of the answer
 * @param model name to answer with
 * @param generation what the engine is asked for
 * @param toolChoice who decides on calls
 * @param parallelCalls how many calls an answer may hold
 * @param options how the answer is sent
 * @param tokenForm how tokens are named
 * @param tokenIds whether ids are part of the answer
 */
record ChatRequest(
    String id,
    String model,
    GenerationRequest generation,
    ToolChoice toolChoice,
    ParallelCalls parallelCalls,
    StreamOptions options,
    TokenForm tokenForm,
    TokenIds tokenIds) {

  /** How many calls an answer may hold. */
  enum ParallelCalls {
    MANY,
    ONE
  }
}
