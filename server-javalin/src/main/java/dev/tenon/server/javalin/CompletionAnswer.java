package dev.tenon.server.javalin;

import dev.tenon.api.GenerationEvent;
import dev.tenon.server.javalin.CompletionRequest.Echo;
import io.javalin.http.Context;
import java.time.Instant;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** An answer of {@code /v1/completions}, sent whole. */
final class CompletionAnswer implements Answer {
  private final CompletionRequest request;
  private final LogprobsFormat format;
  private final Context context;
  private final List<CompletionChoice> choices;
  private final Usage usage = new Usage();

  CompletionAnswer(
      CompletionRequest request,
      List<CompletionPieces> pieces,
      LogprobsFormat format,
      Context context) {
    this.request = request;
    this.format = format;
    this.context = context;
    choices = pieces.stream().map(CompletionChoice::new).toList();
  }

  @Override
  public void event(int prompt, GenerationEvent event) {
    usage.add(event);
    int first = prompt * request.choices();
    switch (event) {
      case GenerationEvent.PromptProcessed processed ->
          choices
              .subList(first, first + request.choices())
              .forEach(choice -> choice.prompt(processed));
      case GenerationEvent.Delta delta -> choices.get(first + delta.choice()).output(delta);
      case GenerationEvent.Finished finished ->
          choices.get(first + finished.choice()).finish(finished);
      case GenerationEvent.Diagnosis diagnosis -> {}
    }
  }

  @Override
  public void end() {
    if (request.echo() == Echo.PROMPT) {
      usage.dropCompletion();
    }
    ObjectNode body =
        Json.object()
            .put("id", request.id())
            .put("object", "text_completion")
            .put("created", Instant.now().getEpochSecond())
            .put("model", request.model());
    ArrayNode list = body.putArray("choices");
    for (CompletionChoice choice : choices) {
      choice.write(list.addObject().put("index", list.size() - 1), request, format);
    }
    body.set("usage", usage.json());
    Responses.json(context, 200, body);
  }

  @Override
  public boolean failed(RuntimeException failure) {
    return false;
  }
}
