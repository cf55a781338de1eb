package dev.tenon.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tenon.api.TokenLogprobs;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LogprobsTest {
  private static final int FROM = 3;

  @Test
  void onePassFindsWhatSeveralWould() {
    Random random = Seeded.random("log-probabilities");
    for (int trial = 0; trial < 200; trial++) {
      int vocabulary = 2 + random.nextInt(500);
      float[] logits = Seeded.values(random, FROM + vocabulary, 1 + random.nextInt(60));
      if (random.nextBoolean()) {
        logits[FROM + random.nextInt(vocabulary)] = Float.NEGATIVE_INFINITY;
      }
      int token = random.nextInt(vocabulary);
      int alternatives = random.nextInt(25);
      TokenLogprobs found = Logprobs.of(logits, FROM, vocabulary, token, alternatives);
      double greatest =
          IntStream.range(0, vocabulary).mapToDouble(id -> logits[FROM + id]).max().orElseThrow();
      double total =
          greatest
              + Math.log(
                  IntStream.range(0, vocabulary)
                      .mapToDouble(id -> Math.exp(logits[FROM + id] - greatest))
                      .sum());
      int[] sorted =
          IntStream.range(0, vocabulary)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer id) -> -logits[FROM + id]))
              .limit(alternatives)
              .mapToInt(Integer::intValue)
              .toArray();
      assertThat(found.alternatives()).isEqualTo(sorted);
      assertThat(found.rank())
          .isEqualTo(
              1
                  + (int)
                      IntStream.range(0, vocabulary)
                          .filter(id -> logits[FROM + id] > logits[FROM + token])
                          .count());
      for (int i = 0; i < sorted.length; i++) {
        near(found.alternativeLogprobs()[i], logits[FROM + sorted[i]] - total);
      }
      near(found.logprob(), logits[FROM + token] - total);
    }
  }

  private static void near(float actual, double expected) {
    if (expected == Double.NEGATIVE_INFINITY) {
      assertThat(actual).isEqualTo(Float.NEGATIVE_INFINITY);
    } else {
      assertThat((double) actual).isCloseTo(expected, within(1e-5 * (1 + Math.abs(expected))));
    }
  }
}
