package dev.tenon.benchmarks.server;

import dev.tenon.api.ChatPrompt;
import dev.tenon.api.Engine;
import dev.tenon.api.EngineHealth;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Histogram;
import dev.tenon.api.ModelCard;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.stream.Cancellation;
import dev.tenon.engine.runtime.stream.OutputStyle;
import dev.tenon.engine.runtime.stream.RawResult;
import dev.tenon.engine.runtime.stream.RequestChannel;
import dev.tenon.engine.runtime.stream.RequestStream;
import dev.tenon.engine.tck.fake.FakeTokenizer;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.text.Tokenizer;
import dev.tenon.spi.toolcall.ToolParserProvider;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Gives every request one token a step, at a steady pace, through the runtime's own channels and
 * streams: what is left is the cost of the server.
 */
final class SteppedEngine implements Engine {
  private static final int MAX_LENGTH = 1 << 18;

  /** A request that is being answered; stepped by one thread. */
  private static final class Running implements Cancellation {
    private final RequestChannel channel = new RequestChannel();
    private int left;
    private boolean promptDone;

    Running(int left) {
      this.left = left;
    }

    /** Whether the request has ended. */
    boolean step(int token) {
      if (!promptDone) {
        promptDone = true;
        channel.append(new RawResult.PromptDone(null));
      }
      left--;
      byte end = left == 0 ? StepOutput.ENDED_BY_LENGTH : StepOutput.RUNNING;
      channel.append(new RawResult.Produced(0, new int[] {token}, null, end));
      return left == 0 || channel.isClosed();
    }

    @Override
    public void choiceComplete(int choice) {}

    @Override
    public void cancel() {}
  }

  private final List<Running> running = new CopyOnWriteArrayList<>();
  private final LongAdder tokens = new LongAdder();
  private final Thread stepper;
  private volatile boolean closed;

  SteppedEngine(Duration step) {
    stepper = Thread.ofPlatform().daemon().name("stepper").start(() -> run(step.toNanos()));
  }

  /** Tokens handed out so far. */
  long tokens() {
    return tokens.sum();
  }

  private void run(long nanos) {
    long next = System.nanoTime();
    int token = 0;
    while (!closed) {
      next = Math.max(next + nanos, System.nanoTime() - nanos);
      for (long early = next - System.nanoTime(); early > 0; early = next - System.nanoTime()) {
        LockSupport.parkNanos(early);
      }
      token = (token + 1) % FakeTokenizer.END;
      int now = token;
      tokens.add(running.size());
      running.removeIf(request -> request.step(now));
    }
  }

  @Override
  public List<GenerationStream> submitAll(List<GenerationRequest> requests) {
    return requests.stream().map(this::submit).toList();
  }

  @Override
  public GenerationStream submit(GenerationRequest request) {
    SamplingParameters sampling = request.sampling();
    int most = Objects.requireNonNullElse(sampling.maxTokens(), 16);
    Running added = new Running(most);
    int[] prompt = request.prompt() instanceof Prompt.Tokens given ? given.ids() : new int[1];
    OutputStyle style =
        new OutputStyle(
            new FakeTokenizer(),
            Tokenizer.SpecialTokens.SKIP,
            List.of(),
            false,
            Set.of(),
            Set.of(),
            0);
    RequestStream stream = new RequestStream(request.id(), prompt, 1, style, added.channel, added);
    running.add(added);
    return stream;
  }

  @Override
  public ModelCard model() {
    return new ModelCard("stepped", "none", "/none", FakeTokenizer.SIZE, MAX_LENGTH, 1, 0);
  }

  @Override
  public Optional<Tokenizer> tokenizer() {
    return Optional.of(new FakeTokenizer());
  }

  @Override
  public String render(ChatPrompt prompt) {
    return prompt.messages().toString();
  }

  @Override
  public ToolParserProvider toolParser(String id) {
    throw new TenonException(ErrorCode.PLUGIN_NOT_FOUND, "this engine has no parsers");
  }

  @Override
  public EngineStatistics statistics() {
    Histogram none = new Histogram(List.of(), List.of(0L), 0);
    return new EngineStatistics(
        running.size(),
        0,
        1,
        0,
        1,
        0,
        0,
        0,
        tokens(),
        0,
        Map.of(),
        0,
        0,
        0,
        List.of(),
        none,
        none,
        none,
        none,
        none,
        none);
  }

  @Override
  public EngineHealth health() {
    return new EngineHealth(EngineHealth.State.SERVING, "");
  }

  @Override
  public List<String> description() {
    return List.of();
  }

  @Override
  public boolean drain(Duration limit) {
    return running.isEmpty();
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(stepper);
  }
}
