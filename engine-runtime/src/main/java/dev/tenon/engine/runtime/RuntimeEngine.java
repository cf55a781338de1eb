package dev.tenon.engine.runtime;

import dev.tenon.api.ChatPrompt;
import dev.tenon.api.Engine;
import dev.tenon.api.EngineHealth;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.ModelCard;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.admission.Admission;
import dev.tenon.engine.runtime.admission.AdmittedRequest;
import dev.tenon.engine.runtime.scheduler.ActiveRequest;
import dev.tenon.engine.runtime.step.Command;
import dev.tenon.engine.runtime.stream.Cancellation;
import dev.tenon.engine.runtime.stream.RequestChannel;
import dev.tenon.engine.runtime.stream.RequestStream;
import dev.tenon.spi.text.TextSupport;
import dev.tenon.spi.text.Tokenizer;
import dev.tenon.spi.toolcall.ToolParserProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** The engine that users see: checks requests on their threads, and hands them to its own. */
public final class RuntimeEngine implements Engine {
  private final EngineParts parts;
  private final Admission admission;
  private final EngineThread thread;
  private final AtomicLong arrivals = new AtomicLong();

  private RuntimeEngine(EngineParts parts, Admission admission, EngineThread thread) {
    this.parts = parts;
    this.admission = admission;
    this.thread = thread;
  }

  /**
   * Records the steps and starts serving. On failure the parts are closed.
   *
   * @throws TenonException with the reason
   */
  public static RuntimeEngine start(EngineParts parts) {
    try {
      Assembly assembly = Assembly.of(parts);
      return new RuntimeEngine(
          parts, assembly.admission(), EngineThread.start(assembly, parts.resources()));
    } catch (RuntimeException failure) {
      parts.resources().run();
      throw failure;
    }
  }

  @Override
  public GenerationStream submit(GenerationRequest request) {
    return submitAll(List.of(request)).getFirst();
  }

  @Override
  public List<GenerationStream> submitAll(List<GenerationRequest> requests) {
    thread.requireServing();
    List<AdmittedRequest> admitted = requests.stream().map(admission::admit).toList();
    if (!thread.gauge().tryEnter(requests.size())) {
      throw new TenonException(
          ErrorCode.QUEUE_FULL,
          requests.size() == 1
              ? "%d requests wait already; try again later".formatted(parts.config().maxWaiting())
              : "%d requests are more than may wait, %d with those that do; try again later or with fewer"
                  .formatted(requests.size(), parts.config().maxWaiting()));
    }
    List<ActiveRequest> active = new ArrayList<>(requests.size());
    List<GenerationStream> streams = new ArrayList<>(requests.size());
    for (int i = 0; i < requests.size(); i++) {
      ActiveRequest opened = activate(requests.get(i), admitted.get(i));
      active.add(opened);
      streams.add(stream(admitted.get(i), opened));
    }
    thread.send(new Command.Submit(active));
    return streams;
  }

  private ActiveRequest activate(GenerationRequest request, AdmittedRequest admitted) {
    GenerationRequest.Diagnostics diagnostics = request.diagnostics();
    return new ActiveRequest(
        request.id(),
        admitted.prompt(),
        request.priority(),
        arrivals.getAndIncrement(),
        System.nanoTime(),
        diagnostics == null ? ActiveRequest.NO_DIAGNOSIS : diagnostics.draftTokens(),
        admitted.samplings(),
        new RequestChannel());
  }

  private GenerationStream stream(AdmittedRequest admitted, ActiveRequest active) {
    return new RequestStream(
        active.id(),
        admitted.prompt(),
        admitted.samplings().size(),
        admitted.style(),
        active.channel(),
        new Cancellation() {
          @Override
          public void choiceComplete(int choice) {
            thread.send(new Command.CompleteChoice(active, choice));
          }

          @Override
          public void cancel() {
            thread.send(new Command.Cancel(active));
          }
        });
  }

  @Override
  public ModelCard model() {
    return parts.card();
  }

  @Override
  public Optional<Tokenizer> tokenizer() {
    return parts.text().map(TextSupport::tokenizer);
  }

  @Override
  public String render(ChatPrompt prompt) {
    return parts
        .text()
        .flatMap(TextSupport::chatTemplate)
        .orElseThrow(() ->
            new TenonException(
                ErrorCode.UNSUPPORTED, "the checkpoint has no chat template to render with"))
        .render(prompt);
  }

  @Override
  public ToolParserProvider toolParser(String id) {
    return parts.toolParsers().apply(id);
  }

  @Override
  public EngineStatistics statistics() {
    return thread.statistics();
  }

  @Override
  public EngineHealth health() {
    return thread.health();
  }

  @Override
  public List<String> description() {
    return parts.description();
  }

  @Override
  public boolean drain(Duration limit) throws InterruptedException {
    thread.refuseNew();
    return thread.gauge().awaitIdle(limit);
  }

  @Override
  public void close() {
    if (thread.stop()) {
      parts.resources().run();
    }
  }
}
