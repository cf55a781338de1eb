package dev.tenon.engine.tck.contract;

import dev.tenon.engine.tck.Randoms;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.MoeWeights.Weighting;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What feed-forward blocks must compute. */
public abstract class MoeOpsContract extends OpsContract {
  /** A new contract. */
  protected MoeOpsContract() {}

  /**
   * Share of rows that may be far off, where a backend rounds what it routes by: of two experts
   * that are nearly equal it may take the other one.
   */
  protected double otherwiseRouted() {
    return 0;
  }

  /** Numbers of experts to try; 16 without a shared one. */
  protected List<Integer> experts() {
    return List.of(3, 16, 40);
  }

  @Test
  void required_mixturesAreWithinTheBoundOfTheDefinition() {
    Random random = Randoms.create("mixture contract");
    for (Weighting weighting : Weighting.values()) {
      for (int experts : experts()) {
        Blocks blocks = new Blocks(random, anyType(random), 48 + 16 * random.nextInt(6));
        int perToken = 1 + random.nextInt(Math.min(experts, 10));
        compare(
            blocks.moe(experts, perToken, width(24 + random.nextInt(40)), weighting, experts != 16),
            blocks.sequences(1, 2, 5, 9, 30, 70),
            otherwiseRouted());
      }
    }
  }

  @Test
  void required_denseBlocksAreWithinTheBoundOfTheDefinition() {
    Random random = Randoms.create("dense contract");
    for (int trial = 0; trial < 4; trial++) {
      Blocks blocks = new Blocks(random, anyType(random), width(33 + random.nextInt(90)));
      compare(blocks.mlp(width(1 + random.nextInt(130))), blocks.sequences(2, 40));
    }
  }

  private ElementType anyType(Random random) {
    try (Backend backend = open()) {
      return type(backend, random);
    }
  }
}
