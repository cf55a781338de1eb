package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.Randoms;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.ElementType;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What attention must compute. */
public abstract class AttentionOpsContract extends OpsContract {
  /** A new contract. */
  protected AttentionOpsContract() {}

  /** Shapes to try: heads, KV heads, elements of a head. */
  protected List<int[]> shapes() {
    return List.of(
        new int[] {4, 2, 32}, new int[] {8, 1, 64}, new int[] {2, 2, 96}, new int[] {4, 2, 256});
  }

  @Test
  void required_B304_raggedChunksAndDecodesAreWithinTheBoundOfTheDefinition() {
    Random random = Randoms.create("attention contract");
    int variant = random.nextInt(8);
    for (int[] shape : shapes()) {
      Blocks blocks = new Blocks(random, anyType(random), 64 + 16 * random.nextInt(5));
      compare(
          blocks.attention(shape[0], shape[1], shape[2], variant++),
          blocks.sequences(1, 2, 17, 150));
    }
  }

  @Test
  void required_B204_rejectedDraftsLeaveNoTrace() {
    Random random = Randoms.create("attention drafts");
    Blocks blocks = new Blocks(random, ElementType.F32, 64);
    BlockModel model = blocks.attention(4, 2, 64, 3);
    SequencePlan plain = blocks.sequences(20).getFirst();
    int t = plain.output();
    int other = (t + 1) % model.vocabulary();
    int[] none = {};
    // six tokens in plain steps, against the same six with drafts before the last
    SequencePlan steps = plain.drafted(List.of(none, none, none, none, none, none));
    SequencePlan drafted =
        plain.drafted(List.of(new int[] {t, t, other}, new int[] {t, other}, none));
    try (Backend backend = open()) {
      ContractRun run = prepare(backend, model);
      List<float[]> wanted = run.oneByOne(List.of(steps)).getFirst();
      List<float[]> got = run.oneByOne(List.of(drafted)).getFirst();
      assertClose(got.getLast(), wanted.getLast());
      assertThat(got).hasSize(2);
    }
  }

  private ElementType anyType(Random random) {
    try (Backend backend = open()) {
      return type(backend, random);
    }
  }
}
