package dev.tenon.server.javalin;

import dev.tenon.api.ChatPrompt;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParametersBuilder;
import dev.tenon.server.javalin.ChatRequest.ParallelCalls;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads and checks a request of {@code /v1/chat/completions}. */
final class ChatRequestReader {
  private final ServedModel model;
  private final ServerConfig config;
  private final SamplingFields sampling;

  ChatRequestReader(ServedModel model, ServerConfig config) {
    this.model = model;
    this.config = config;
    this.sampling = new SamplingFields(model);
  }

  ChatRequest read(Fields fields) {
    String name = model.named(fields);
    RefusedFields.check(fields);
    StreamOptions options = StreamOptions.read(fields);
    List<Map<String, Object>> tools = ChatMessages.tools(fields);
    ToolChoice choice = ToolChoice.read(fields, tools, config);
    ChatPrompt prompt = ChatPromptReader.read(fields, tools);
    SamplingParametersBuilder parameters =
        sampling.read(fields).maxTokens(maxTokens(fields)).logprobs(logprobs(fields));
    if (choice == ToolChoice.AUTO) {
      // Some checkpoints mark the tags of calls as special tokens.
      parameters.skipSpecialTokens(false);
    }
    model.tokenizer("messages");
    String id = "chatcmpl-" + UUID.randomUUID().toString().replace("-", "");
    int priority = fields.integer("priority", Integer.MIN_VALUE, Integer.MAX_VALUE, 0);
    return new ChatRequest(
        id,
        name,
        new GenerationRequest(id, new Prompt.Chat(prompt), parameters.build(), priority, null),
        choice,
        fields.flag("parallel_tool_calls", true) ? ParallelCalls.MANY : ParallelCalls.ONE,
        options,
        TokenForm.read(fields),
        TokenIds.read(fields));
  }

  private static @Nullable Integer maxTokens(Fields fields) {
    Integer current = fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
    Integer former = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
    return current == null ? former : current;
  }

  private static @Nullable Integer logprobs(Fields fields) {
    boolean wanted = fields.flag("logprobs", false);
    Integer alternatives = fields.integer("top_logprobs", -1, Integer.MAX_VALUE);
    if (alternatives != null && alternatives != 0 && !wanted) {
      throw HttpError.badField("top_logprobs", "top_logprobs needs \"logprobs\": true");
    }
    if (!wanted) {
      return null;
    }
    return alternatives == null ? 0 : alternatives;
  }
}
