package dev.tenon.model.qwen3next;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tenon.spi.backend.RotaryTable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** Expected frequencies of YaRN were computed apart, in double precision. */
class RotaryReaderTest {
  private static final Map<String, Object> YARN =
      Map.of("rope_type", "yarn", "factor", 4.0, "original_max_position_embeddings", 262_144L);

  private static Config read(Map<String, Object> change) {
    return ConfigReader.read(Checkpoints.dummy(Checkpoints.published(change)));
  }

  private static RotaryTable table(Map<String, Object> change) {
    return read(change).rotary();
  }

  private static Map<String, Object> yarnWith(Map<String, Object> change) {
    Map<String, Object> block = new HashMap<>(YARN);
    block.putAll(change);
    return Map.of("rope_scaling", block);
  }

  @Test
  void withoutScalingFrequenciesFallGeometrically() {
    RotaryTable table = table(Map.of());
    assertThat(table.magnitude()).isEqualTo(1f);
    assertThat(table.frequencies()).hasSize(32);
    assertThat(table.frequencies()[0]).isEqualTo(1f);
    assertThat(table.frequencies()[16])
        .isCloseTo((float) Math.pow(1e7, -0.5), Percentage.withPercentage(1e-4));
  }

  @Test
  void yarnKeepsFastFrequenciesAndDividesSlowOnes() {
    float[] frequencies = table(Map.of("rope_scaling", YARN)).frequencies();
    double[] expected = {
      1.0,
      6.493816315762113e-3,
      2.5693505988868084e-4,
      1.8449222025000472e-5,
      1.4058533129758728e-6,
      4.1370427498579534e-8
    };
    int[] indices = {0, 10, 16, 20, 24, 31};
    for (int i = 0; i < indices.length; i++) {
      assertThat((double) frequencies[indices[i]])
          .isCloseTo(expected[i], Percentage.withPercentage(1e-4));
    }
  }

  @Test
  void yarnBlendsBetweenExactBoundsWhereTheyAreNotTruncated() {
    float[] frequencies = table(yarnWith(Map.of("truncate", false))).frequencies();
    assertThat((double) frequencies[16])
        .isCloseTo(2.555953074406028e-4, Percentage.withPercentage(1e-4));
    assertThat((double) frequencies[20])
        .isCloseTo(1.5698085351142638e-5, Percentage.withPercentage(1e-4));
  }

  @Test
  void yarnsMagnitudeFollowsTheFactorUnlessGiven() {
    assertThat(table(Map.of("rope_scaling", YARN)).magnitude())
        .isCloseTo(1.1386294f, within(1e-6f));
    assertThat(table(yarnWith(Map.of("attention_factor", 1.25))).magnitude()).isEqualTo(1.25f);
    assertThat(table(yarnWith(Map.of("mscale", 0.707, "mscale_all_dim", 1.0))).magnitude())
        .isCloseTo(0.9643269f, within(1e-6f));
    assertThat(table(yarnWith(Map.of("mscale", 0.707))).magnitude())
        .isCloseTo(1.1386294f, within(1e-6f));
    assertThat(table(yarnWith(Map.of("factor", 1.0))).magnitude()).isEqualTo(1f);
  }

  @Test
  void yarnLengthensTheLongestSequence() {
    assertThat(read(Map.of()).maxPositions()).isEqualTo(262_144);
    assertThat(read(Map.of("rope_scaling", YARN)).maxPositions()).isEqualTo(1_048_576);
    assertThat(read(yarnWith(Map.of("original_max_position_embeddings", 128L))).maxPositions())
        .isEqualTo(262_144);
  }

  @Test
  void newerAndOlderNamesOfTheBlockMeanTheSame() {
    float[] expected = table(Map.of("rope_scaling", YARN)).frequencies();
    Map<String, Object> older = new HashMap<>(YARN);
    older.remove("rope_type");
    older.put("type", "yarn");
    assertThat(table(Map.of("rope_scaling", older)).frequencies()).isEqualTo(expected);
    assertThat(table(Map.of("rope_parameters", YARN)).frequencies()).isEqualTo(expected);
    Map<String, Object> whole = new HashMap<>(YARN);
    whole.put("rope_theta", 10_000_000L);
    whole.put("partial_rotary_factor", 0.25);
    Map<String, Object> bare = new HashMap<>(Map.of("rope_parameters", whole));
    bare.put("rope_theta", null);
    bare.put("partial_rotary_factor", null);
    assertThat(table(bare).frequencies()).isEqualTo(expected);
  }

  @Test
  void scalingIsNotLostBesideAPlainBlock() {
    Map<String, Object> both = new HashMap<>();
    both.put("rope_scaling", YARN);
    both.put("rope_parameters", Map.of("rope_type", "default", "rope_theta", 5_000_000L));
    both.put("rope_theta", null);
    Config config = read(both);
    assertThat(config.rotary().magnitude()).isGreaterThan(1f);
    assertThat(config.rotary().frequencies()[1])
        .isCloseTo((float) Math.pow(5e6, -2.0 / 64), Percentage.withPercentage(1e-4));
    assertThat(config.notes()).anyMatch(note -> note.contains("YaRN"));
    assertThat(read(Map.of("rope_scaling", Map.of(), "rope_parameters", YARN)).notes())
        .isEqualTo(List.copyOf(read(Map.of("rope_scaling", YARN)).notes()));
  }

  @Test
  void rotatedShareDecidesTheNumberOfFrequencies() {
    assertThat(table(Map.of("partial_rotary_factor", 1.0)).frequencies()).hasSize(128);
    assertThat(table(Map.of("head_dim", 128L)).frequencies()).hasSize(16);
  }
}
