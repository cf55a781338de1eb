package dev.tenon.distribution.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.FinishReason;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.SpeculationConfig;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where an answer ends, it ends with any number of drafts, accepted ones after the end included.
 */
class EndsTest {
  private static final int CONTEXT = 64;
  private static final long SEED = 7;

  private static List<Answer> run(List<GenerationRequest> requests, int drafts) {
    return GoldenRun.of(
            GoldenRun.config(
                ChangedCheckpoint.agreeable(),
                b ->
                    b.maxModelLen(CONTEXT)
                        .speculation(drafts == 0 ? null : new SpeculationConfig("mtp", drafts))),
            requests)
        .answers();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void anAnswerMayFillTheContext(int drafts) {
    int[] lengths = IntStream.range(CONTEXT - 12, CONTEXT).toArray();
    List<GenerationRequest> requests =
        Samples.requests(lengths, 1, SEED, s -> s.temperature(0.0).maxTokens(null));
    List<Answer> expected = run(requests, 0);
    List<Answer> answers = run(requests, drafts);
    for (int i = 0; i < lengths.length; i++) {
      assertThat(answers.get(i).tokens()).hasSize(CONTEXT - lengths[i]);
      assertThat(answers.get(i).tokens()).containsExactly(expected.get(i).tokens());
      assertThat(answers.get(i).end()).isEqualTo(FinishReason.LENGTH);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void anAnswerEndsWithTheFirstOfItsStopIds(int drafts) {
    int[] lengths = {1, 5, 9, 20, 33};
    int most = 24;
    List<Answer> whole = run(Samples.requests(lengths, most, SEED, s -> s.temperature(0.0)), 0);
    for (int at = 0; at < 12; at += 2) {
      for (int i = 0; i < lengths.length; i++) {
        int[] tokens = whole.get(i).tokens();
        int stop = tokens[at];
        int first = IntStream.range(0, most).filter(t -> tokens[t] == stop).findFirst().orElse(-1);
        Answer answer =
            run(
                    List.of(
                        Samples.requests(
                                lengths,
                                most,
                                SEED,
                                s -> s.temperature(0.0).stopTokenIds(List.of(stop)))
                            .get(i)),
                    drafts)
                .getFirst();
        assertThat(answer.tokens()).containsExactly(Arrays.copyOf(tokens, first + 1));
        assertThat(answer.end()).isEqualTo(FinishReason.STOP);
      }
    }
  }
}
