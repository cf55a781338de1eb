package dev.tenon.server.javalin;

import dev.tenon.api.GenerationRequest;
import dev.tenon.spi.text.Tokenizer;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code POST /v1/completions}. */
final class CompletionHandler {
  private final ServedModel model;
  private final CompletionRequestReader reader;
  private final AnswerLoop loop;

  CompletionHandler(ServedModel model, ServerConfig config, AnswerLoop loop) {
    this.model = model;
    this.reader = new CompletionRequestReader(model, config.maxPrompts());
    this.loop = loop;
  }

  void handle(Context context, Fields fields) {
    CompletionRequest request = reader.read(fields);
    Optional<Tokenizer> tokenizer = model.engine().tokenizer();
    LogprobsFormat format = new LogprobsFormat(new TokenTexts(tokenizer, request.tokenForm()));
    AnswerLoop.Opening opening =
        () -> {
          List<CompletionPieces> pieces = new ArrayList<>();
          for (GenerationRequest generation : request.generations()) {
            for (int i = 0; i < request.choices(); i++) {
              pieces.add(new CompletionPieces(request, generation, tokenizer, format));
            }
          }
          return request.options().streams()
              ? new CompletionStream(request, pieces, new SseWriter(context))
              : new CompletionAnswer(request, pieces, format, context);
        };
    loop.run(context, request.generations(), opening);
  }
}
