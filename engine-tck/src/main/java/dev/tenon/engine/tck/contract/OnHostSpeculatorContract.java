package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.Randoms;
import dev.tenon.engine.tck.recording.RecordingOps;
import dev.tenon.spi.speculation.Speculator;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What a method must keep to that drafts from the tokens so far. */
public abstract class OnHostSpeculatorContract extends SpeculatorContract {
  private static final int TRIALS = 300;
  private static final int MOST = 4;

  /** A new contract. */
  protected OnHostSpeculatorContract() {}

  @Test
  void required_S202_theSameTokensGiveTheSameDrafts() {
    Random random = Randoms.create("drafts of history");
    Speculator.OnHost busy = open();
    for (int trial = 0; trial < TRIALS; trial++) {
      int[] tokens = tokens(random);
      int[] drafts = open().propose(tokens.clone(), tokens.length, MOST);
      assertThat(busy.propose(tokens.clone(), tokens.length, MOST))
          .as("after other sequences")
          .isEqualTo(drafts);
    }
  }

  @Test
  void required_S301_tokensAreNeitherChangedNorKeptAndDraftsAreNoMoreThanAskedFor() {
    Random random = Randoms.create("drafts of shared tokens");
    Speculator.OnHost speculator = open();
    int[] shared = new int[100];
    for (int trial = 0; trial < TRIALS; trial++) {
      int[] tokens = tokens(random);
      System.arraycopy(tokens, 0, shared, 0, tokens.length);
      Arrays.fill(shared, tokens.length, shared.length, random.nextInt(5));
      int[] before = shared.clone();
      int most = random.nextInt(MOST + 1);
      int[] drafts = speculator.propose(shared, tokens.length, most);
      assertThat(shared).isEqualTo(before);
      assertThat(drafts.length).isLessThanOrEqualTo(most);
      assertThat(drafts)
          .as("what lies behind the valid tokens does not count")
          .isEqualTo(open().propose(tokens, tokens.length, most));
    }
  }

  /** Few different ids, so that they repeat. */
  private static int[] tokens(Random random) {
    return random.ints(random.nextInt(60), 0, 2 + random.nextInt(4)).toArray();
  }

  private Speculator.OnHost open() {
    String method = provider().methods().iterator().next();
    return (Speculator.OnHost) create(method, MOST, new RecordingOps());
  }
}
