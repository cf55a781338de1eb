package dev.tenon.engine.runtime.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SamplingParametersBuilder;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.fake.FakeTokenizer;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.text.TextSupport;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class AdmissionTest {
  private static final int VOCABULARY = 100;

  private final Admission admission = admission(64, Optional.of(text()), 20);

  private static TextSupport text() {
    return new TextSupport(new FakeTokenizer(), Optional.empty());
  }

  private static Admission admission(int longest, Optional<TextSupport> text, int maxLogprobs) {
    ModelProperties model =
        new ModelProperties(
            "fake",
            VOCABULARY,
            1,
            1,
            64,
            List.of(FakeTokenizer.END),
            0,
            Map.of("temperature", 0.7, "top_k", 20.0),
            0,
            List.of());
    return new Admission(
        new AdmissionLimits(64, longest, VOCABULARY, 8, maxLogprobs, 2, false), model, text, 1L);
  }

  private SlotSampling resolve(UnaryOperator<SamplingParametersBuilder> change) {
    return admit(Prompt.of("hello"), change).samplings().getFirst();
  }

  private AdmittedRequest admit(Prompt prompt, UnaryOperator<SamplingParametersBuilder> change) {
    return admission.admit(
        GenerationRequest.of(prompt, change.apply(SamplingParameters.builder()).build()));
  }

  private void refuses(
      String parameter, String message, UnaryOperator<SamplingParametersBuilder> change) {
    assertThatThrownBy(() -> resolve(change))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(
            TenonException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
              assertThat(e.parameter()).isEqualTo(parameter);
            });
  }

  @Test
  void takesTheCheckpointsDefaultsForWhatIsNotGiven() {
    SlotSampling sampling = resolve(b -> b);
    assertThat(sampling.temperature()).isEqualTo(0.7f);
    assertThat(sampling.topK()).isEqualTo(20);
    assertThat(sampling.topP()).isEqualTo(1f);
    assertThat(sampling.repetitionPenalty()).isEqualTo(1f);
    assertThat(sampling.maxTokens()).isEqualTo(59);
    assertThat(sampling.endIds()).containsExactly(FakeTokenizer.END);
    assertThat(sampling.usableIds()).isEqualTo(FakeTokenizer.SIZE);
    assertThat(sampling.logprobs()).isEqualTo(-1);
    assertThat(resolve(b -> b.temperature(0.0).topK(-1)).topK()).isZero();
  }

  @Test
  void endsAtEndOfTextIdsAndStopIds() {
    assertThat(resolve(b -> b.stopTokenIds(List.of(9, 3))).endIds())
        .containsExactly(3, 9, FakeTokenizer.END);
    assertThat(resolve(b -> b.stopTokenIds(List.of(9)).ignoreEndOfText(true)).endIds())
        .containsExactly(9);
  }

  @Test
  void givesEachChoiceItsOwnSeed() {
    List<SlotSampling> choices = admit(Prompt.of("x"), b -> b.n(3).seed(40L)).samplings();
    assertThat(choices).extracting(SlotSampling::seed).containsExactly(40L, 41L, 42L);
  }

  @Test
  void bansWordsAtTheStartAndAfterASpace() {
    int[][] bans = resolve(b -> b.badWords(List.of("no"))).badWords();
    FakeTokenizer tokenizer = new FakeTokenizer();
    assertThat(bans).isDeepEqualTo(new int[][] {tokenizer.encode("no"), tokenizer.encode(" no")});
  }

  @Test
  void refusesValuesOutOfRange() {
    refuses("n", "n must be from 1 to 8, got 9", b -> b.n(9));
    refuses("n", "got 0", b -> b.n(0));
    refuses("temperature", "got NaN", b -> b.temperature(Double.NaN));
    refuses("temperature", "at least 0, got -0.1", b -> b.temperature(-0.1));
    refuses("temperature", "finite", b -> b.temperature(Double.POSITIVE_INFINITY));
    refuses("top_p", "got 0.0", b -> b.topP(0.0));
    refuses("top_p", "got 1.5", b -> b.topP(1.5));
    refuses("top_p", "got NaN", b -> b.topP(Double.NaN));
    refuses("top_k", "got -2", b -> b.topK(-2));
    refuses("min_p", "between 0 and 1", b -> b.minP(1.01));
    refuses("repetition_penalty", "greater than 0", b -> b.repetitionPenalty(0.0));
    refuses("presence_penalty", "between -2 and 2", b -> b.presencePenalty(2.5));
    refuses("frequency_penalty", "got NaN", b -> b.frequencyPenalty(Double.NaN));
    refuses("max_tokens", "at least 1, got 0", b -> b.maxTokens(0));
    refuses("min_tokens", "at least 0", b -> b.minTokens(-1));
    refuses("min_tokens", "at most max_tokens = 3", b -> b.minTokens(4).maxTokens(3));
    refuses("logprobs", "from 0 to 20, got 21", b -> b.logprobs(21));
    refuses("logprobs", "got -1", b -> b.logprobs(-1));
    refuses("prompt_logprobs", "got 30", b -> b.promptLogprobs(30));
    refuses("logit_bias", "ids are 0 to 99", b -> b.logitBias(Map.of(100, 1.0)));
    refuses("logit_bias", "between -100 and 100", b -> b.logitBias(Map.of(1, 101.0)));
    refuses("stop_token_ids", "-1", b -> b.stopTokenIds(List.of(-1)));
    refuses("allowed_token_ids", "empty", b -> b.allowedTokenIds(List.of()));
    refuses("allowed_token_ids", "token id 97", b -> b.allowedTokenIds(List.of(97)));
    refuses("stop", "1 to 4096", b -> b.stop(List.of("")));
    refuses("stop", "surrogate", b -> b.stop(List.of("\ud800")));
    refuses("bad_words", "blank", b -> b.badWords(List.of("  ")));
  }

  @Test
  void allLogprobsNeedALimitThatAllowsThem() {
    Admission generous = admission(64, Optional.of(text()), -1);
    SamplingParameters all = SamplingParameters.builder().logprobs(-1).build();
    assertThat(
            generous
                .admit(GenerationRequest.of(Prompt.of("x"), all))
                .samplings()
                .getFirst()
                .logprobs())
        .isEqualTo(VOCABULARY);
  }

  @Test
  void refusesPromptsThatCannotBeServed() {
    refusesPrompt(Prompt.of(""), ErrorCode.INVALID_REQUEST, "empty");
    refusesPrompt(Prompt.of(new int[0]), ErrorCode.INVALID_REQUEST, "empty");
    refusesPrompt(Prompt.of(1, 100), ErrorCode.INVALID_REQUEST, "token id 100");
    refusesPrompt(Prompt.of(-5), ErrorCode.INVALID_REQUEST, "token id -5");
    refusesPrompt(Prompt.of("a\udc00"), ErrorCode.INVALID_REQUEST, "surrogate");
    refusesPrompt(
        Prompt.of(new int[64]),
        ErrorCode.PROMPT_TOO_LONG,
        "the maximum context length is 64 tokens, the prompt has 64");
    refusesPrompt(Prompt.of("x".repeat(64 * 256 + 1)), ErrorCode.PROMPT_TOO_LONG, "characters");
  }

  private void refusesPrompt(Prompt prompt, ErrorCode code, String message) {
    assertThatThrownBy(() -> admit(prompt, b -> b))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(TenonException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void refusesMoreTokensThanTheContextHolds() {
    assertThatThrownBy(() -> admit(Prompt.of(new int[60]), b -> b.maxTokens(5)))
        .hasMessageContaining("65 are asked for")
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PROMPT_TOO_LONG));
    assertThat(admit(Prompt.of(new int[60]), b -> b.maxTokens(4)).samplings()).hasSize(1);
  }

  @Test
  void refusesWhatThePoolCanNeverHold() {
    Admission small = admission(20, Optional.of(text()), 20);
    assertThatThrownBy(() ->
            small.admit(
                GenerationRequest.of(Prompt.of(new int[10]), SamplingParameters.greedy(11))))
        .hasMessageContaining("the KV pool holds sequences of at most 20 tokens");
  }

  @Test
  void refusesTextWithoutATokenizer() {
    Admission bare = admission(64, Optional.empty(), 20);
    assertThatThrownBy(
            () -> bare.admit(GenerationRequest.of(Prompt.of("x"), SamplingParameters.defaults())))
        .hasMessageContaining("token ids");
    assertThatThrownBy(() ->
            bare.admit(
                GenerationRequest.of(
                    Prompt.of(1), SamplingParameters.builder().stop(List.of("x")).build())))
        .hasMessageContaining("stop_token_ids");
    assertThat(
            bare.admit(GenerationRequest.of(Prompt.of(99), SamplingParameters.defaults()))
                .samplings()
                .getFirst()
                .usableIds())
        .isEqualTo(VOCABULARY);
  }

  @Test
  void refusesPrioritiesAndDiagnosticsThatTheEngineDoesNotServe() {
    SamplingParameters sampling = SamplingParameters.defaults();
    assertThatThrownBy(
            () -> admission.admit(new GenerationRequest("r", Prompt.of("x"), sampling, 3, null)))
        .hasMessageContaining("priority is 3");
    assertThatThrownBy(() ->
            admission.admit(
                new GenerationRequest(
                    "r", Prompt.of("x"), sampling, 0, new GenerationRequest.Diagnostics(3))))
        .hasMessageContaining("drafts must be from 0 to 2");
  }
}
