package dev.tenon.engine.tck.contract;

import dev.tenon.engine.tck.Randoms;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.MoeWeights.Weighting;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What feed-forward blocks must compute. */
public abstract class MoeOpsContract extends OpsContract {
  /** A new contract. */
  protected MoeOpsContract() {}

  @Test
  void required_mixturesAreWithinTheBoundOfTheDefinition() {
    Random random = Randoms.create("mixture contract");
    for (Weighting weighting : Weighting.values()) {
      for (int experts : new int[] {3, 16, 40}) {
        Blocks blocks = new Blocks(random, anyType(random), 48 + 16 * random.nextInt(6));
        int perToken = 1 + random.nextInt(Math.min(experts, 10));
        compare(
            blocks.moe(experts, perToken, 24 + random.nextInt(40), weighting, experts != 16),
            blocks.sequences(1, 9, 70));
      }
    }
  }

  @Test
  void required_denseBlocksAreWithinTheBoundOfTheDefinition() {
    Random random = Randoms.create("dense contract");
    for (int trial = 0; trial < 4; trial++) {
      Blocks blocks = new Blocks(random, anyType(random), 33 + random.nextInt(90));
      compare(blocks.mlp(1 + random.nextInt(130)), blocks.sequences(2, 40));
    }
  }

  private ElementType anyType(Random random) {
    try (Backend backend = open()) {
      return type(backend, random);
    }
  }
}
