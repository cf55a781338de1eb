package dev.tenon.engine.runtime.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DummyTensorsTest {
  private static final Quantisation NONE = new Quantisation(Quantisation.Declared.NONE, 128, 128);
  private static final Quantisation FP8 = new Quantisation(Quantisation.Declared.FP8, 128, 128);
  private static final List<TensorSpec> SPECS =
      List.of(
          spec("matrix", List.of(300L, 257L), TensorSpec.Quantisation.BLOCK_SCALED),
          spec("vector", List.of(1001L), TensorSpec.Quantisation.NEVER),
          spec("filter", List.of(500L, 1L, 4L), TensorSpec.Quantisation.NEVER));

  private static TensorSpec spec(
      String name, List<Long> shape, TensorSpec.Quantisation quantisation) {
    return new TensorSpec(name, shape, new ShardSpec.Replicated(), quantisation);
  }

  @Test
  void matricesKeepActivationsNearOne() {
    assertThat(deviation(values("matrix", NONE))).isCloseTo(1 / Math.sqrt(257), within(1e-3));
    assertThat(deviation(values("matrix", FP8))).isCloseTo(1 / Math.sqrt(257), within(1e-3));
    assertThat(deviation(values("filter", NONE))).isCloseTo(0.5, within(0.02));
  }

  @Test
  void vectorsSuitBothFlavoursOfNorms() {
    for (float value : values("vector", NONE)) {
      assertThat(value).isBetween(0.24f, 0.76f);
    }
  }

  @Test
  void areTheSameEveryTime() {
    assertThat(values("matrix", NONE)).isEqualTo(values("matrix", NONE));
    assertThat(values("matrix", FP8)).isEqualTo(values("matrix", FP8));
    assertThat(values("matrix", NONE)).doesNotContain(Float.NaN);
  }

  @Test
  void quantiseOnlyWhatMayBe() {
    assertThat(DummyTensors.typeOf(SPECS.get(0), FP8)).isEqualTo(ElementType.F8_E4M3);
    assertThat(DummyTensors.typeOf(SPECS.get(0), NONE)).isEqualTo(ElementType.BF16);
    assertThat(DummyTensors.typeOf(SPECS.get(2), FP8)).isEqualTo(ElementType.BF16);
  }

  @Test
  void takeTheMemoryOfTheLargestTensorOfEachKind() {
    List<TensorSpec> experts =
        IntStream.range(0, 500)
            .mapToObj(i -> spec("e" + i, List.of(512L, 512L), TensorSpec.Quantisation.BLOCK_SCALED))
            .toList();
    assertThat(DummyTensors.bytes(experts, FP8)).isBetween(512L * 512, 2L * 512 * 512);
  }

  @Test
  void tensorsOfOneShapeDiffer() {
    List<TensorSpec> two =
        List.of(
            spec("one", List.of(64L, 64L), TensorSpec.Quantisation.NEVER),
            spec("two", List.of(64L, 64L), TensorSpec.Quantisation.NEVER));
    try (TensorStore store = DummyTensors.make(two, NONE)) {
      RankWeights weights = new RankWeights(store, two, NONE, RankLayout.SINGLE, bytes -> {});
      assertThat(weights.values("one")).isNotEqualTo(weights.values("two"));
    }
  }

  private static float[] values(String name, Quantisation quantisation) {
    try (TensorStore store = DummyTensors.make(SPECS, quantisation)) {
      return new RankWeights(store, SPECS, quantisation, RankLayout.SINGLE, bytes -> {})
          .values(name);
    }
  }

  private static double deviation(float[] values) {
    double[] all = IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    double mean = IntStream.range(0, all.length).mapToDouble(i -> all[i]).average().orElseThrow();
    assertThat(mean).isCloseTo(0, within(0.02));
    return Math.sqrt(
        IntStream.range(0, all.length)
            .mapToDouble(i -> (all[i] - mean) * (all[i] - mean))
            .average()
            .orElseThrow());
  }
}
