package dev.tenon.server.javalin;

import dev.tenon.api.ChatPrompt;
import dev.tenon.api.Engine;
import dev.tenon.api.EngineHealth;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.FinishReason;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Histogram;
import dev.tenon.api.ModelCard;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.TenonException;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.spi.text.Tokenizer;
import dev.tenon.spi.toolcall.ToolParserProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Says what a test tells it to, three characters a step. */
final class FakeEngine implements Engine {
  static final int MAX_LENGTH = 200;
  static final int MAX_CHOICES = 8;
  private static final int STEP = 3;

  final List<FakeStream> streams = new CopyOnWriteArrayList<>();
  final List<GenerationRequest> requests = new CopyOnWriteArrayList<>();
  volatile String answer = "Hello there, I am a fake. 😀 Bye.";
  volatile Optional<Tokenizer> tokenizer = Optional.of(new CharacterTokenizer());
  volatile Duration stepTime = Duration.ZERO;
  volatile int failAfterSteps = Integer.MAX_VALUE;
  volatile EngineHealth health = new EngineHealth(EngineHealth.State.SERVING, "");

  @Override
  public List<GenerationStream> submitAll(List<GenerationRequest> requests) {
    return requests.stream().map(this::submit).toList();
  }

  @Override
  public GenerationStream submit(GenerationRequest request) {
    if (health.state() != EngineHealth.State.SERVING) {
      throw new TenonException(ErrorCode.CLOSED, "the engine is draining; ask another server");
    }
    SamplingParameters sampling = request.sampling();
    if (sampling.n() > MAX_CHOICES) {
      throw TenonException.invalid("n", "n is " + sampling.n() + "; give 1 to " + MAX_CHOICES);
    }
    int[] prompt = ids(request.prompt());
    Integer maxTokens = sampling.maxTokens();
    if (prompt.length + (maxTokens == null ? 1 : (long) maxTokens) > MAX_LENGTH) {
      throw TenonException.of(
          ErrorCode.PROMPT_TOO_LONG, "prompt", "the context holds " + MAX_LENGTH + " tokens");
    }
    FakeStream stream = new FakeStream(request.id());
    streams.add(stream);
    requests.add(request);
    Thread.ofVirtual().start(() -> generate(stream, sampling, prompt));
    return stream;
  }

  private int[] ids(Prompt prompt) {
    CharacterTokenizer tokenizer = new CharacterTokenizer();
    return switch (prompt) {
      case Prompt.Text text -> tokenizer.encode(text.text());
      case Prompt.Tokens tokens -> tokens.ids();
      case Prompt.Chat chat -> tokenizer.encode(render(chat.conversation()));
    };
  }

  private void generate(FakeStream stream, SamplingParameters sampling, int[] prompt) {
    List<TokenLogprobs> promptLogprobs =
        sampling.promptLogprobs() == null
            ? null
            : IntStream.range(1, prompt.length).mapToObj(i -> logprobs(prompt[i], 1)).toList();
    stream.add(new GenerationEvent.PromptProcessed(prompt.length, 0, prompt, promptLogprobs));
    String text = answer;
    String found = null;
    for (String stop : sampling.stop()) {
      if (text.contains(stop)) {
        text = text.substring(0, text.indexOf(stop));
        found = stop;
      }
    }
    int most = Objects.requireNonNullElse(sampling.maxTokens(), MAX_LENGTH);
    boolean cut = text.length() > most;
    String output = cut ? text.substring(0, most) : text;
    int steps = 0;
    for (int at = 0; at < output.length() && !stream.closed; at += STEP) {
      if (steps++ == failAfterSteps) {
        stream.fail();
        return;
      }
      pause();
      int end = Math.min(output.length(), at + STEP);
      for (int choice = 0; choice < sampling.n(); choice++) {
        stream.add(delta(choice, output, at, end, sampling.logprobs()));
      }
    }
    for (int choice = 0; choice < sampling.n(); choice++) {
      FinishReason reason = cut ? FinishReason.LENGTH : FinishReason.STOP;
      stream.add(new GenerationEvent.Finished(choice, reason, found, output.length()));
    }
    stream.end();
  }

  /** As the real engine does, the text waits for the second half of a character. */
  private GenerationEvent delta(
      int choice, String output, int from, int to, @Nullable Integer alternatives) {
    int[] ids = new CharacterTokenizer().encode(output.substring(from, to));
    String text =
        tokenizer.isEmpty() ? "" : output.substring(whole(output, from), whole(output, to));
    List<TokenLogprobs> logprobs =
        alternatives == null
            ? null
            : IntStream.of(ids).mapToObj(id -> logprobs(id, alternatives)).toList();
    return new GenerationEvent.Delta(choice, text, ids, logprobs);
  }

  private static int whole(String text, int at) {
    return at > 0 && Character.isHighSurrogate(text.charAt(at - 1)) ? at - 1 : at;
  }

  private static TokenLogprobs logprobs(int id, int alternatives) {
    int[] ids = IntStream.range(0, alternatives).map(i -> 'a' + i).toArray();
    float[] values = new float[alternatives];
    for (int i = 0; i < alternatives; i++) {
      values[i] = -1f - i;
    }
    return new TokenLogprobs(id, -0.5f, 1, ids, values);
  }

  private void pause() {
    try {
      Thread.sleep(stepTime);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public ModelCard model() {
    return new ModelCard("fake", "fake", "/models/fake", CharacterTokenizer.SIZE, MAX_LENGTH, 1, 7);
  }

  @Override
  public Optional<Tokenizer> tokenizer() {
    return tokenizer;
  }

  @Override
  public String render(ChatPrompt prompt) {
    if (prompt.templateArguments().containsKey("loop")) {
      throw TenonException.invalid(
          "chat_template_kwargs", "the template takes too long; give smaller arguments");
    }
    List<String> lines = new ArrayList<>();
    prompt.messages().forEach(message -> lines.add(message.toString()));
    return prompt.ending() + " " + String.join("\n", lines);
  }

  @Override
  public ToolParserProvider toolParser(String id) {
    if (!id.equals("fake")) {
      throw new TenonException(ErrorCode.PLUGIN_NOT_FOUND, "installed: fake");
    }
    return new FakeToolParser();
  }

  @Override
  public EngineStatistics statistics() {
    Histogram times = new Histogram(List.of(0.1, 1.0), List.of(3L, 2L, 1L), 4.5);
    Map<FinishReason, Long> finished = Map.of(FinishReason.STOP, 5L);
    return new EngineStatistics(
        1,
        2,
        8,
        2,
        4,
        1,
        10,
        100,
        50,
        3,
        finished,
        6,
        12,
        9,
        List.of(5L, 4L),
        times,
        times,
        times,
        times,
        times,
        times);
  }

  @Override
  public EngineHealth health() {
    return health;
  }

  @Override
  public List<String> description() {
    return List.of();
  }

  @Override
  public boolean drain(Duration limit) throws InterruptedException {
    health = new EngineHealth(EngineHealth.State.DRAINING, "told to end");
    long end = System.nanoTime() + limit.toNanos();
    while (streams.stream().anyMatch(stream -> !stream.ended && !stream.closed)) {
      if (System.nanoTime() > end) {
        return false;
      }
      Thread.sleep(2);
    }
    return true;
  }

  @Override
  public void close() {}
}
