package dev.tenon.distribution.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.TokenLogprobs;
import dev.tenon.spi.backend.NoiseStream;
import java.util.List;

/**
 * Compares answers to the same requests that were run in different ways. They may part only where
 * the two tokens' scores are closer than the rounding between chunked and step-by-step sums.
 */
final class SameTokens {
  /** Rounding of sums, as a share of the greatest logit. */
  private static final double ROUNDING = 1e-3;

  private SameTokens() {}

  /**
   * Checks that the tokens are the same.
   *
   * @param expected with logits, and log-probabilities of all ids
   * @param temperature of all requests
   * @param firstSeed of the first request; later ones count up
   * @return how many answers part at a near-tie
   */
  static int check(
      String name, List<Answer> expected, List<Answer> actual, double temperature, long firstSeed) {
    assertThat(actual).as(name).hasSameSizeAs(expected);
    int parted = 0;
    for (int i = 0; i < expected.size(); i++) {
      int at = firstDifference(expected.get(i).tokens(), actual.get(i).tokens());
      if (at < 0) {
        assertThat(actual.get(i).tokens()).as(name).containsExactly(expected.get(i).tokens());
        continue;
      }
      double gap =
          gap(
              expected.get(i).logprobs().get(at),
              actual.get(i).tokens()[at],
              temperature,
              NoiseStream.key(firstSeed + i, at));
      assertThat(gap)
          .as(name + ": answer " + i + " differs at token " + at)
          .isLessThanOrEqualTo(ROUNDING * greatest(expected.get(i).logits()));
      parted++;
    }
    return parted;
  }

  private static double greatest(float[] logits) {
    assertThat(logits).isNotEmpty();
    double greatest = 0;
    for (float logit : logits) {
      greatest = Math.max(greatest, Math.abs(logit));
    }
    return greatest;
  }

  private static int firstDifference(int[] expected, int[] actual) {
    for (int i = 0; i < Math.min(expected.length, actual.length); i++) {
      if (expected[i] != actual[i]) {
        return i;
      }
    }
    return -1;
  }

  /** By how much the expected token's score exceeds the other's, in units of logits. */
  private static double gap(TokenLogprobs at, int other, double temperature, long key) {
    double gap = logprob(at, at.token()) - logprob(at, other);
    if (temperature > 0) {
      gap += temperature * (gumbel(key, at.token()) - gumbel(key, other));
    }
    return Math.abs(gap);
  }

  private static double logprob(TokenLogprobs at, int id) {
    for (int i = 0; i < at.alternatives().length; i++) {
      if (at.alternatives()[i] == id) {
        return at.alternativeLogprobs()[i];
      }
    }
    throw new AssertionError("no log-probability of " + id + " was reported");
  }

  private static double gumbel(long key, int id) {
    return -Math.log(-Math.log(NoiseStream.uniform(key, id)));
  }
}
