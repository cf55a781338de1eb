package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.Randoms;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.DeltaNetWeights.GateActivation;
import dev.tenon.spi.backend.ElementType;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the gated delta net must compute, and what its slots must keep. */
public abstract class RecurrentOpsContract extends OpsContract {
  private static final int[] NONE = {};

  /** A new contract. */
  protected RecurrentOpsContract() {}

  /** Shapes to try: key heads, value heads per key head, elements of a key, of a value. */
  protected List<int[]> shapes() {
    return List.of(new int[] {2, 2, 16, 16}, new int[] {1, 4, 32, 48}, new int[] {2, 1, 128, 128});
  }

  @Test
  void required_B304_raggedChunksAndDecodesAreWithinTheBoundOfTheDefinition() {
    Random random = Randoms.create("delta net contract");
    for (int[] shape : shapes()) {
      Blocks blocks = new Blocks(random, anyType(random), 64 + 16 * random.nextInt(5));
      GateActivation gate = RandomTensors.pick(random, List.of(GateActivation.values()));
      compare(
          blocks.deltaNet(shape[0], shape[1], shape[2], shape[3], gate),
          blocks.sequences(1, 3, 63, 64, 65, 150));
    }
  }

  @Test
  void required_B301_anEarlierOwnersStateCountsAsZero() {
    Random random = Randoms.create("delta net slots");
    Blocks blocks = new Blocks(random, ElementType.F32, 64);
    BlockModel model = blocks.deltaNet(2, 2, 32, 32, GateActivation.SILU);
    List<SequencePlan> plans = blocks.sequences(40, 5, 1);
    try (Backend backend = open();
        Backend fresh = open()) {
      List<List<float[]>> reused = prepare(backend, model).oneByOne(plans);
      List<float[]> alone = prepare(fresh, model).oneByOne(plans.subList(2, 3)).getFirst();
      for (int i = 0; i < alone.size(); i++) {
        assertThat(reused.get(2).get(i)).isEqualTo(alone.get(i));
      }
    }
  }

  @Test
  void required_B302_rejectedDraftsLeaveNoTraceInTheState() {
    Random random = Randoms.create("delta net drafts");
    Blocks blocks = new Blocks(random, ElementType.F32, 64);
    BlockModel model = blocks.deltaNet(2, 2, 32, 32, GateActivation.SILU);
    SequencePlan plan = blocks.sequences(20).getFirst();
    int t = plan.output();
    int other = (t + 1) % model.vocabulary();
    SequencePlan never = plan.drafted(List.of(NONE, NONE, NONE, NONE, NONE));
    SequencePlan rejected =
        plan.drafted(List.of(NONE, new int[] {other}, new int[] {other, t, t, t}, NONE, NONE));
    SequencePlan accepted = plan.drafted(List.of(new int[] {t, t, other, t}, NONE, NONE));
    try (Backend backend = open()) {
      ContractRun run = prepare(backend, model);
      List<float[]> wanted = run.oneByOne(List.of(never)).getFirst();
      List<float[]> afterRejection = run.oneByOne(List.of(rejected)).getFirst();
      List<float[]> afterAcceptance = run.oneByOne(List.of(accepted)).getFirst();
      assertThat(afterRejection.getLast()).isEqualTo(wanted.getLast());
      assertClose(afterAcceptance.getLast(), wanted.getLast());
    }
  }

  private ElementType anyType(Random random) {
    try (Backend backend = open()) {
      return type(backend, random);
    }
  }
}
