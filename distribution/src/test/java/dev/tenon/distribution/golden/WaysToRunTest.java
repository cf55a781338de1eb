package dev.tenon.distribution.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.SamplingParametersBuilder;
import dev.tenon.api.SpeculationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same requests alone, in one batch, chunked, preempted, over ranks and with drafts of which
 * many are accepted and many are not: always the same tokens.
 */
class WaysToRunTest {
  private static final int[] LENGTHS = {1, 2, 3, 4, 5, 6, 17, 40, 64, 65, 90};
  private static final int TOKENS = 40;
  private static final long SEED = 4711;
  private static final int VOCABULARY = 256;

  private static GoldenRun run(
      List<GenerationRequest> requests, UnaryOperator<EngineConfigBuilder> options) {
    return GoldenRun.of(
        GoldenRun.config(
            ChangedCheckpoint.agreeable(),
            b -> options.apply(b.maxModelLen(140).maxLogprobs(VOCABULARY))),
        requests);
  }

  private static UnaryOperator<EngineConfigBuilder> drafting(int drafts) {
    return b -> b.speculation(new SpeculationConfig("mtp", drafts));
  }

  private static List<GenerationRequest> requests(
      UnaryOperator<SamplingParametersBuilder> sampling) {
    return Samples.requests(LENGTHS, TOKENS, SEED, sampling);
  }

  private static List<Answer> oneByOne(UnaryOperator<SamplingParametersBuilder> sampling) {
    List<Answer> answers = new ArrayList<>();
    for (GenerationRequest request : requests(s -> sampling.apply(s).logprobs(VOCABULARY))) {
      answers.addAll(run(List.of(request), b -> b).answers());
    }
    return answers;
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.7})
  void sameTokensHoweverTheyAreRun(double temperature) {
    UnaryOperator<SamplingParametersBuilder> sampling = s -> s.temperature(temperature);
    List<Answer> expected = oneByOne(sampling);
    int parted = 0;
    GoldenRun batch = run(requests(sampling), b -> b);
    parted += check("batch", expected, batch, temperature);
    GoldenRun chunked = run(requests(sampling), b -> b.maxNumBatchedTokens(7).maxNumSeqs(4));
    parted += check("chunked", expected, chunked, temperature);
    GoldenRun preempted = run(requests(sampling), b -> b.blockSize(4).numBlocks(120));
    assertThat(preempted.statistics().preemptions()).isPositive();
    parted += check("preempted", expected, preempted, temperature);
    GoldenRun ranks = run(requests(sampling), b -> b.tensorParallelSize(2));
    parted += check("2 ranks", expected, ranks, temperature);
    System.out.println("answers parted by near-ties: " + parted + " of " + 4 * LENGTHS.length);
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "0, 2", "0, 3", "0, 4", "0.7, 1", "0.7, 3", "0.7, 4"})
  void sameTokensWithDrafts(double temperature, int drafts) {
    UnaryOperator<SamplingParametersBuilder> sampling = s -> s.temperature(temperature);
    List<Answer> expected = oneByOne(sampling);
    GoldenRun batch = run(requests(sampling), drafting(drafts));
    int parted = check("batch", expected, batch, temperature);
    EngineStatistics statistics = batch.statistics();
    assertThat(statistics.acceptedTokens()).isPositive();
    assertThat(statistics.acceptedTokens()).isLessThan(statistics.draftTokens());
    assertThat(statistics.acceptedByPosition()).hasSize(drafts).allMatch(count -> count > 0);
    parted +=
        check(
            "chunked",
            expected,
            run(
                requests(sampling),
                b -> drafting(drafts).apply(b.maxNumBatchedTokens(11).maxNumSeqs(5))),
            temperature);
    GoldenRun preempted =
        run(requests(sampling), b -> drafting(drafts).apply(b.blockSize(4).numBlocks(120)));
    assertThat(preempted.statistics().preemptions()).isPositive();
    parted += check("preempted", expected, preempted, temperature);
    parted +=
        check(
            "2 ranks",
            expected,
            run(requests(sampling), b -> drafting(drafts).apply(b.tensorParallelSize(2))),
            temperature);
    System.out.println(
        statistics.acceptedTokens()
            + " of "
            + statistics.draftTokens()
            + " drafts accepted; answers parted by near-ties: "
            + parted
            + " of "
            + 4 * LENGTHS.length);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  void sameTokensWithAllOfSamplingInUse(int drafts) {
    UnaryOperator<SamplingParametersBuilder> sampling =
        s ->
            s.temperature(0.9)
                .topP(0.9)
                .topK(30)
                .minP(0.02)
                .repetitionPenalty(1.1)
                .presencePenalty(0.3)
                .frequencyPenalty(0.2)
                .logitBias(Map.of(7, 2.0, 9, -3.0))
                .minTokens(5);
    List<Answer> expected = oneByOne(sampling);
    UnaryOperator<EngineConfigBuilder> speculation = drafts == 0 ? b -> b : drafting(drafts);
    for (UnaryOperator<EngineConfigBuilder> way :
        List.<UnaryOperator<EngineConfigBuilder>>of(
            b -> b,
            b -> b.maxNumBatchedTokens(9).maxNumSeqs(3),
            b -> b.blockSize(4).numBlocks(120))) {
      List<Answer> answers =
          run(requests(sampling), b -> speculation.apply(way.apply(b))).answers();
      for (int i = 0; i < answers.size(); i++) {
        assertThat(answers.get(i).tokens())
            .as("answer " + i)
            .containsExactly(expected.get(i).tokens());
      }
    }
  }

  private static int check(String name, List<Answer> expected, GoldenRun run, double temperature) {
    return SameTokens.check(name, expected, run.answers(), temperature, SEED);
  }
}
