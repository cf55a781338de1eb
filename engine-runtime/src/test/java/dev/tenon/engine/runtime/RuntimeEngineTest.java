package dev.tenon.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.FinishReason;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationEvent.Finished;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SamplingParametersBuilder;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.engine.tck.fake.FakeOptions;
import dev.tenon.engine.tck.fake.FakeTokenizer;
import dev.tenon.spi.text.Tokenizer.SpecialTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RuntimeEngineTest {
  private static final int[] PROMPT = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

  private final FakeEngine fake = new FakeEngine();

  private static SamplingParametersBuilder greedy(int maxTokens) {
    return SamplingParameters.builder().temperature(0.0).maxTokens(maxTokens).ignoreEndOfText(true);
  }

  private Outcome run(SamplingParameters sampling) throws InterruptedException {
    try (Engine engine = fake.start()) {
      return Outcome.of(engine.submit(GenerationRequest.of(Prompt.of(PROMPT), sampling)));
    }
  }

  private int[] expected(SamplingParameters sampling) {
    return Expected.tokens(PROMPT, sampling, 0, fake);
  }

  @Test
  void generatesWhatTheModelSays() throws InterruptedException {
    SamplingParameters sampling = greedy(9).build();
    Outcome outcome = run(sampling);
    assertThat(outcome.tokens(0)).isEqualTo(expected(sampling));
    assertThat(outcome.text(0))
        .isEqualTo(new FakeTokenizer().decode(outcome.tokens(0), SpecialTokens.SKIP));
    assertThat(outcome.events.getFirst())
        .isInstanceOfSatisfying(
            GenerationEvent.PromptProcessed.class,
            first -> {
              assertThat(first.promptTokens()).isEqualTo(10);
              assertThat(first.promptIds()).isEqualTo(PROMPT);
              assertThat(first.logprobs()).isNull();
            });
    assertThat(outcome.end(0)).isEqualTo(new Finished(0, FinishReason.LENGTH, null, 9));
    assertThat(outcome.events.getLast()).isInstanceOf(Finished.class);
    assertThat(fake.backend().isClosed()).isTrue();
  }

  @Test
  void goesToTheEndOfTheContextWithoutALimit() throws InterruptedException {
    Outcome outcome =
        run(SamplingParameters.builder().temperature(0.0).ignoreEndOfText(true).build());
    assertThat(outcome.tokens(0)).hasSize(54);
    assertThat(outcome.end(0).reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void everyRankRunsEveryStep() throws InterruptedException {
    fake.ranks(3);
    SamplingParameters sampling = greedy(20).build();
    assertThat(run(sampling).tokens(0)).isEqualTo(expected(sampling));
  }

  @Test
  void draftsChangeNothingButTheNumberOfSteps() throws InterruptedException {
    SamplingParameters sampling = greedy(40).build();
    fake.drafts(3).options(FakeOptions.defaults().withDraftAccuracy(0.9));
    Outcome outcome;
    EngineStatistics statistics;
    try (Engine engine = fake.start()) {
      outcome = Outcome.of(engine.submit(GenerationRequest.of(Prompt.of(PROMPT), sampling)));
      statistics = engine.statistics();
    }
    assertThat(outcome.tokens(0)).isEqualTo(expected(sampling));
    assertThat(statistics.acceptedTokens()).isPositive().isLessThan(statistics.draftTokens());
    assertThat(statistics.acceptedByPosition()).hasSize(3);
    assertThat(statistics.acceptedByPosition().stream().mapToLong(Long::longValue).sum())
        .isEqualTo(statistics.acceptedTokens());
    assertThat(fake.backend().launched()).isLessThan(35);
  }

  @Test
  void anEndOfTextIdEndsWithoutBeingPartOfTheText() throws InterruptedException {
    int[] free = expected(greedy(30).build());
    SamplingParameters sampling =
        greedy(30).stopTokenIds(List.of(free[4])).skipSpecialTokens(false).build();
    Outcome outcome = run(sampling);
    int end = outcome.tokens(0).length;
    assertThat(outcome.tokens(0)[end - 1]).isEqualTo(free[4]);
    assertThat(outcome.text(0)).hasSize(end - 1);
    assertThat(outcome.end(0)).isEqualTo(new Finished(0, FinishReason.STOP, free[4], end));
  }

  @Test
  void aStopIdMayBePartOfTheText() throws InterruptedException {
    int stop = expected(greedy(30).build())[4];
    Outcome outcome = run(greedy(30).stopTokenIds(List.of(stop)).includeStopInOutput(true).build());
    assertThat(outcome.text(0)).hasSize(outcome.tokens(0).length);
  }

  @Test
  void aStopTextAcrossTokensEndsTheChoiceAndFreesItsState() throws InterruptedException {
    SamplingParameters endless = greedy(50).build();
    String whole = run(endless).text(0);
    String stop = whole.substring(7, 10);
    FakeEngine other = new FakeEngine();
    try (Engine engine = other.start()) {
      SamplingParameters sampling = greedy(50).stop(List.of("zzzz", stop)).build();
      Outcome outcome =
          Outcome.of(engine.submit(GenerationRequest.of(Prompt.of(PROMPT), sampling)));
      assertThat(outcome.text(0)).isEqualTo(whole.substring(0, whole.indexOf(stop)));
      assertThat(outcome.end(0))
          .isEqualTo(new Finished(0, FinishReason.STOP, stop, whole.indexOf(stop) + stop.length()));
      while (engine.statistics().slotsUsed() > 0 || engine.statistics().steps() == 0) {
        Thread.sleep(1);
      }
      assertThat(engine.statistics().finished().values().stream().mapToLong(Long::longValue).sum())
          .isEqualTo(1);
    }
  }

  @Test
  void choicesDifferBySeedAndEachIsReproducible() throws InterruptedException {
    SamplingParameters sampling =
        SamplingParameters.builder().n(3).seed(17L).temperature(1.0).maxTokens(12).build();
    Outcome outcome = run(sampling);
    List<String> texts = new ArrayList<>();
    for (int choice = 0; choice < 3; choice++) {
      assertThat(outcome.tokens(choice)).isEqualTo(Expected.tokens(PROMPT, sampling, choice, fake));
      texts.add(outcome.text(choice));
    }
    assertThat(texts).doesNotHaveDuplicates();
    assertThat(outcome.ends).hasSize(3);
    assertThat(outcome.positions(GenerationEvent.PromptProcessed.class)).containsExactly(0);
  }

  @Test
  void requestsWithoutSeedDiffer() throws InterruptedException {
    SamplingParameters sampling =
        SamplingParameters.builder().temperature(1.0).maxTokens(12).ignoreEndOfText(true).build();
    try (Engine engine = fake.config(c -> c.seed(1L)).start()) {
      GenerationRequest request = GenerationRequest.of(Prompt.of(PROMPT), sampling);
      int[] first = Outcome.of(engine.submit(request)).tokens(0);
      int[] second = Outcome.of(engine.submit(request)).tokens(0);
      assertThat(first).isNotEqualTo(second);
    }
  }

  @Test
  void reportsLogprobsOfEveryPromptPositionThoughItsRowsExceedAStep() throws InterruptedException {
    fake.rows(5);
    Outcome outcome = run(greedy(6).promptLogprobs(1).logprobs(2).build());
    GenerationEvent.PromptProcessed first =
        (GenerationEvent.PromptProcessed) outcome.events.getFirst();
    assertThat(first.logprobs())
        .extracting(TokenLogprobs::token)
        .containsExactly(2, 3, 4, 5, 6, 7, 8, 9, 10);
    for (GenerationEvent event : outcome.events) {
      if (event instanceof GenerationEvent.Delta delta && delta.tokens().length > 0) {
        assertThat(delta.logprobs())
            .extracting(TokenLogprobs::token)
            .containsExactly(Arrays.stream(delta.tokens()).boxed().toArray(Integer[]::new));
        assertThat(delta.logprobs()).allSatisfy(l -> assertThat(l.alternatives()).hasSize(2));
      }
    }
  }

  @Test
  void reportsLogitsAndDraftsWhenAskedTo() throws InterruptedException {
    fake.drafts(3).options(FakeOptions.defaults().withDraftAccuracy(1));
    SamplingParameters sampling = greedy(10).build();
    GenerationRequest request =
        new GenerationRequest(
            "r", Prompt.of(PROMPT), sampling, 0, new GenerationRequest.Diagnostics(2));
    try (Engine engine = fake.start()) {
      Outcome outcome = Outcome.of(engine.submit(request));
      int at = outcome.positions(GenerationEvent.Diagnosis.class)[0];
      GenerationEvent.Diagnosis diagnosis = (GenerationEvent.Diagnosis) outcome.events.get(at);
      int[] tokens = expected(sampling);
      assertThat(diagnosis.logits()).hasSize(FakeTokenizer.SIZE);
      assertThat(diagnosis.logits()[tokens[0]]).isEqualTo(1f);
      assertThat(diagnosis.drafts()).containsExactly(tokens[1], tokens[2]);
      assertThat(at).isLessThan(outcome.positions(GenerationEvent.Delta.class)[1]);
    }
  }

  @Test
  void countsWhatItDid() throws InterruptedException {
    try (Engine engine = fake.start()) {
      for (int i = 0; i < 3; i++) {
        Outcome.of(engine.submit(GenerationRequest.of(Prompt.of(PROMPT), greedy(8).build())));
      }
      EngineStatistics statistics = engine.statistics();
      assertThat(statistics.promptTokens()).isEqualTo(30);
      assertThat(statistics.generationTokens()).isEqualTo(24);
      assertThat(statistics.finished().get(FinishReason.LENGTH)).isEqualTo(3);
      assertThat(statistics.timeToFirstToken().count()).isEqualTo(3);
      assertThat(statistics.timeBetweenTokens().count()).isEqualTo(21);
      assertThat(statistics.requestPromptTokens().sum()).isEqualTo(30);
      assertThat(statistics.requestGenerationTokens().sum()).isEqualTo(24);
      assertThat(statistics.queueTime().count()).isEqualTo(3);
    }
  }
}
