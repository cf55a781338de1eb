package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.backend.StepShape;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class StepShapesTest {
  private static final StepShape LIMITS = new StepShape(4096, 256, 768, 2);

  @Test
  void everyBatchWithinTheLimitsFits() {
    List<StepShape> shapes = StepShapes.within(LIMITS);
    for (int sequences = 1; sequences <= 256; sequences++) {
      for (int rows : new int[] {sequences, 3 * sequences, 2_000, 4_096}) {
        StepShape needed =
            new StepShape(rows, sequences, Math.min(rows, 3 * sequences), LIMITS.draftTokens());
        assertThat(shapes).anyMatch(shape -> shape.holds(needed));
      }
    }
  }

  @Test
  void decodesPadLessThanATenth() {
    for (int sequences = 1; sequences <= 256; sequences++) {
      StepShape needed = new StepShape(3 * sequences, sequences, 3 * sequences, 2, 3);
      assertThat((double) smallest(needed).rows() / needed.rows()).isLessThan(1.1);
    }
  }

  @Test
  void aLongPromptTakesAShapeForManyRows() {
    StepShape tail = new StepShape(200, 66, 66, 2, 16);
    StepShape prompt = new StepShape(200, 66, 66, 2, 17);
    assertThat(smallest(tail).sequenceRows()).isEqualTo(16);
    assertThat(smallest(prompt)).isEqualTo(new StepShape(256, 256, 256, 2));
  }

  private static StepShape smallest(StepShape needed) {
    return StepShapes.within(LIMITS).stream()
        .filter(shape -> shape.holds(needed))
        .min(Comparator.comparingInt(StepShape::rows))
        .orElseThrow();
  }

  @Test
  void shapesStayWithinTheLimits() {
    for (StepShape limits : List.of(LIMITS, new StepShape(1, 1, 1, 0), new StepShape(5, 3, 5, 4))) {
      assertThat(StepShapes.within(limits)).contains(limits).allMatch(limits::holds);
    }
  }
}
