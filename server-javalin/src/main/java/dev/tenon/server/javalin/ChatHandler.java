package dev.tenon.server.javalin;

import dev.tenon.spi.toolcall.ToolParserProvider;
import io.javalin.http.Context;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/chat/completions}. */
final class ChatHandler {
  private final ServedModel model;
  private final ChatRequestReader reader;
  private final @Nullable ToolParserProvider parser;
  private final AnswerLoop loop;

  ChatHandler(ServedModel model, ServerConfig config, AnswerLoop loop) {
    this.model = model;
    this.reader = new ChatRequestReader(model, config);
    this.loop = loop;
    String id = config.toolCallParser();
    this.parser = id == null ? null : model.engine().toolParser(id);
  }

  void handle(Context context, Fields fields) {
    ChatRequest request = reader.read(fields);
    LogprobsFormat format =
        new LogprobsFormat(new TokenTexts(model.engine().tokenizer(), request.tokenForm()));
    Supplier<ToolCalls> calls = () -> calls(request);
    AnswerLoop.Opening opening =
        () ->
            request.options().streams()
                ? new ChatStream(request, calls, format, new SseWriter(context))
                : new ChatAnswer(request, calls, format, context);
    loop.run(context, List.of(request.generation()), opening);
  }

  private ToolCalls calls(ChatRequest request) {
    return request.toolChoice() == ToolChoice.AUTO && parser != null
        ? new ToolCalls(parser.open(), request.parallelCalls())
        : new ToolCalls(null, request.parallelCalls());
  }
}
