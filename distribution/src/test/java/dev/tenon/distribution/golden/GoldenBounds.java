package dev.tenon.distribution.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.golden.Golden;
import dev.tenon.engine.tck.golden.GoldenArray;
import java.util.Arrays;

/** How close f32 answers are to the reference: logits to 2e-3, tokens wherever margins allow. */
final class GoldenBounds {
  private static final double LOGITS = 2e-3;
  private static final double MARGIN = 1e-2;

  private GoldenBounds() {}

  /**
   * Checks logits, tokens and as many drafts as both have.
   *
   * @param drafts how many drafts each answer has to have
   */
  static void check(Golden golden, GoldenRun run, int drafts) {
    assertThat(run.answers()).hasSameSizeAs(golden.cases());
    for (Golden.Case expected : golden.cases()) {
      Answer answer = run.answers().get(expected.index());
      String name =
          golden.name() + " case " + expected.index() + " (" + expected.prompt().length + " ids)";
      checkLogits(name, golden.array(expected.index() + ".logits").values(), answer.logits());
      checkTokens(name, expected, answer.tokens());
      assertThat(answer.drafts()).as(name).hasSize(drafts);
      if (drafts > 0 && answer.tokens()[0] == expected.greedy()[0]) {
        checkDrafts(name, expected, golden.array(expected.index() + ".mtp_logits"), answer);
      }
    }
  }

  private static void checkLogits(String name, float[] expected, float[] actual) {
    assertThat(actual).as(name).hasSameSizeAs(expected);
    double greatest = 0;
    double error = 0;
    for (int i = 0; i < expected.length; i++) {
      greatest = Math.max(greatest, Math.abs(expected[i]));
      error = Math.max(error, Math.abs((double) expected[i] - actual[i]));
      assertThat(Float.isFinite(actual[i])).as(name + ": logit " + i).isTrue();
    }
    assertThat(error / greatest).as(name + ": error of the logits").isLessThanOrEqualTo(LOGITS);
  }

  private static void checkTokens(String name, Golden.Case expected, int[] actual) {
    assertThat(actual).as(name).hasSize(GoldenRun.TOKENS);
    for (int i = 0; i < actual.length; i++) {
      if (actual[i] != expected.greedy()[i]) {
        assertThat(expected.margin()[i])
            .as(name + ": token " + i + " is " + actual[i] + ", not " + expected.greedy()[i])
            .isLessThanOrEqualTo(MARGIN);
        return; // after a near-tie the texts part
      }
    }
  }

  private static void checkDrafts(
      String name, Golden.Case expected, GoldenArray logits, Answer answer) {
    int compared = Math.min(answer.drafts().length, expected.drafts().length);
    for (int i = 0; i < compared; i++) {
      if (answer.drafts()[i] != expected.drafts()[i]) {
        float[] sorted = logits.row(i);
        Arrays.sort(sorted);
        double margin = sorted[sorted.length - 1] - sorted[sorted.length - 2];
        assertThat(margin)
            .as(name + ": draft " + i + " is " + answer.drafts()[i])
            .isLessThanOrEqualTo(MARGIN);
        return;
      }
    }
  }
}
