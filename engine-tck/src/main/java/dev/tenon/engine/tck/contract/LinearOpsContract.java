package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.Randoms;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What embedding and logits must compute, in every element type. */
public abstract class LinearOpsContract extends OpsContract {
  /** A new contract. */
  protected LinearOpsContract() {}

  @Test
  void required_B701_everyElementTypeIsReadAsItsDefinitionSays() {
    Random random = Randoms.create("linear contract");
    for (ElementType type : types()) {
      for (int hidden : new int[] {1 + random.nextInt(70), 64, 200 + random.nextInt(100), 256}) {
        Blocks blocks = new Blocks(random, type, width(hidden));
        compare(blocks.nothing(), blocks.sequences(1, 6, 30));
      }
    }
  }

  /** Columns that views of 160 columns of matrices of 400 begin at. */
  protected List<Integer> firstColumns() {
    return List.of(64, 32, 5);
  }

  /** The row that these views begin at, at most 139. */
  protected int firstRow() {
    return 37;
  }

  @Test
  void required_B701_viewsMayBeginInsideAScaleBlock() {
    Random random = Randoms.create("linear views");
    for (ElementType type : types()) {
      for (int firstColumn : firstColumns()) {
        BlockModel model = new Blocks(random, type, 160).nothing();
        HostMatrix whole = RandomTensors.matrix(random, type, 200, 400);
        HostMatrix view = whole.slicedRows(firstRow(), 61).slicedColumns(firstColumn, 160);
        BlockModel sliced =
            new BlockModel(model.embedding(), model.norm(), view, List.of(), model.block());
        compare(sliced, new Blocks(random, type, 160).sequences(3, 20));
      }
    }
  }

  @Test
  void required_B203_B204_aSequenceGetsTheSameBitsInAnyCompanyAndEveryTime() {
    Random random = Randoms.create("linear company");
    for (ElementType type : types()) {
      Blocks blocks = new Blocks(random, type, 128);
      BlockModel model = blocks.nothing();
      List<SequencePlan> plans = blocks.sequences(1, 13, 40, 3);
      try (Backend backend = open()) {
        ContractRun run = prepare(backend, model);
        List<List<float[]>> together = run.together(plans);
        List<List<float[]>> again = run.together(plans);
        List<List<float[]>> alone = run.oneByOne(plans);
        for (int i = 0; i < plans.size(); i++) {
          for (int step = 0; step < alone.get(i).size(); step++) {
            assertThat(again.get(i).get(step)).isEqualTo(together.get(i).get(step));
            assertInCompany(alone.get(i).get(step), together.get(i).get(step));
          }
        }
      }
    }
  }

  /** A backend whose tiles depend on the number of rows may differ by rounding: override then. */
  protected void assertInCompany(float[] alone, float[] together) {
    assertThat(alone).isEqualTo(together);
  }

  private Set<ElementType> types() {
    try (Backend backend = open()) {
      return backend.capabilities().weightTypes();
    }
  }
}
