package dev.tenon.distribution.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tenon.api.Engine;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.engine.tck.golden.Golden;
import dev.tenon.engine.tck.golden.GoldenArray;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Log-probabilities of prompts and of first tokens are the reference's. */
class LogprobsTest {
  private static final int ALTERNATIVES = 3;
  private static final double BOUND = 5e-3;

  @ParameterizedTest
  @CsvSource({"2, 512, 0", "2, 3, 0", "5, 512, 0", "5, 9, 2", "5, 64, 1"})
  void promptAndFirstToken(int index, int budget, int drafts) throws InterruptedException {
    Golden golden = Golden.load("tiny");
    Golden.Case expected = golden.cases().get(index);
    GoldenArray logits = golden.array(index + ".all_logits");
    SamplingParameters sampling =
        SamplingParameters.builder()
            .temperature(0.0)
            .maxTokens(3)
            .logprobs(ALTERNATIVES)
            .promptLogprobs(ALTERNATIVES)
            .build();
    List<TokenLogprobs> prompt = new ArrayList<>();
    List<TokenLogprobs> output = new ArrayList<>();
    try (Engine engine =
            Engine.open(
                GoldenRun.config(
                    GoldenCheckpoints.of(golden),
                    b ->
                        b.maxNumSeqs(2)
                            .maxNumBatchedTokens(budget)
                            .speculation(
                                drafts == 0 ? null : new SpeculationConfig("mtp", drafts))));
        GenerationStream stream =
            engine.submit(GenerationRequest.of(Prompt.of(expected.prompt()), sampling))) {
      for (GenerationEvent event = stream.next(); event != null; event = stream.next()) {
        if (event instanceof GenerationEvent.PromptProcessed processed
            && processed.logprobs() != null) {
          prompt.addAll(processed.logprobs());
        } else if (event instanceof GenerationEvent.Delta delta && delta.logprobs() != null) {
          output.addAll(delta.logprobs());
        }
      }
    }
    assertThat(prompt).hasSize(expected.prompt().length - 1);
    for (int row = 0; row < prompt.size(); row++) {
      check(logits.row(row), expected.prompt()[row + 1], prompt.get(row));
    }
    assertThat(output).hasSize(3);
    check(logits.row(expected.prompt().length - 1), expected.greedy()[0], output.getFirst());
    assertThat(output.getFirst().rank()).isEqualTo(1);
  }

  private static void check(float[] logits, int token, TokenLogprobs actual) {
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    double log = Math.log(sum);
    assertThat(actual.token()).isEqualTo(token);
    assertThat((double) actual.logprob()).isCloseTo(logits[token] - log, within(BOUND));
    assertThat(actual.alternatives()).hasSize(ALTERNATIVES);
    for (int i = 0; i < ALTERNATIVES; i++) {
      assertThat((double) actual.alternativeLogprobs()[i])
          .isCloseTo(logits[actual.alternatives()[i]] - log, within(BOUND));
    }
    int greater = 0;
    for (float logit : logits) {
      greater += logit > logits[token] + BOUND ? 1 : 0;
    }
    assertThat(actual.rank()).isGreaterThan(greater);
  }
}
