package dev.tenon.model.qwen3next;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.golden.Golden;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelArchitecture.Drafting;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.RankLayout.Experts;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RanksAndStatesTest {
  private static void check(ModelArchitecture model, int ranks, Experts experts) {
    model.checkRanks(new RankLayout(0, ranks, experts));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8, 16})
  void publishedModelDividesAmongPowersOfTwo(int ranks) {
    ModelArchitecture model = Checkpoints.describe(Checkpoints.published());
    assertThatCode(() -> check(model, ranks, Experts.SLICED)).doesNotThrowAnyException();
    assertThatCode(() -> check(model, ranks, Experts.WHOLE)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 5, 6, 32})
  void otherRankCountsAreRefusedWithThoseThatFit(int ranks) {
    ModelArchitecture model = Checkpoints.describe(Checkpoints.published());
    assertThatThrownBy(() -> check(model, ranks, Experts.SLICED))
        .isInstanceOfSatisfying(
            TenonException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION);
              assertThat(e.parameter()).isEqualTo("tensor_parallel_size");
            })
        .hasMessageContaining(ranks + " ranks")
        .hasMessageContaining("num_attention_heads is 16")
        .hasMessageContaining("1, 2, 4, 8, 16");
  }

  @Test
  void tinyRefusesFourRanksBecauseOfItsKeyHeads() {
    ModelArchitecture tiny = Checkpoints.describe(Golden.load("tiny").config());
    assertThatThrownBy(() -> check(tiny, 4, Experts.SLICED))
        .hasMessageContaining("linear_num_key_heads is 2")
        .hasMessageContaining("1, 2");
  }

  @Test
  void wholeExpertsMustDivideByNumberNotByWidth() {
    ModelArchitecture model =
        Checkpoints.describe(
            Checkpoints.published(Map.of("num_experts", 510L, "moe_intermediate_size", 500L)));
    assertThatCode(() -> check(model, 2, Experts.WHOLE)).doesNotThrowAnyException();
    assertThatThrownBy(() -> check(model, 4, Experts.WHOLE))
        .hasMessageContaining("num_experts is 510");
    assertThatCode(() -> check(model, 4, Experts.SLICED)).doesNotThrowAnyException();
    assertThatThrownBy(() -> check(model, 8, Experts.SLICED))
        .hasMessageContaining("moe_intermediate_size is 500");
  }

  @Test
  void draftingHeadsExpertsCountWhereAllOtherLayersAreDense() {
    ModelArchitecture model =
        Checkpoints.describe(
            Checkpoints.published(
                Map.of(
                    "num_hidden_layers", 1L,
                    "mlp_only_layers", List.of(0L),
                    "moe_intermediate_size", 3L)));
    assertThatThrownBy(() -> check(model, 2, Experts.SLICED))
        .hasMessageContaining("moe_intermediate_size is 3");
  }

  @Test
  void stateOfASequenceHasTheKnownSize() {
    ModelArchitecture model = Checkpoints.describe(Checkpoints.published());
    assertThat(recurrentElements(model, 1)).isEqualTo(36L * (8192 * 3 + 32 * 128 * 128));
    assertThat(recurrentElements(model, 4)).isEqualTo(recurrentElements(model, 1) / 4);
    assertThat(kvElementsPerToken(model, 1, Drafting.OFF)).isEqualTo(12_288);
    assertThat(kvElementsPerToken(model, 1, Drafting.ON)).isEqualTo(13 * 1024);
    assertThat(kvElementsPerToken(model, 8, Drafting.OFF)).isEqualTo(6_144);
  }

  private static long recurrentElements(ModelArchitecture model, int ranks) {
    return model.states(new RankLayout(0, ranks, Experts.SLICED), Drafting.OFF).stream()
        .filter(StateSpec.Recurrent.class::isInstance)
        .map(StateSpec.Recurrent.class::cast)
        .mapToLong(s ->
            (long) s.convChannels() * (s.convWidth() - 1)
                + (long) s.valueHeads() * s.keyDim() * s.valueDim())
        .sum();
  }

  private static int kvElementsPerToken(ModelArchitecture model, int ranks, Drafting drafting) {
    return model.states(new RankLayout(0, ranks, Experts.SLICED), drafting).stream()
        .filter(StateSpec.PagedKv.class::isInstance)
        .map(StateSpec.PagedKv.class::cast)
        .mapToInt(s -> 2 * s.kvHeads() * s.headDim())
        .sum();
  }

  @Test
  void draftingLayersFollowTheModels() {
    ModelArchitecture tiny = Checkpoints.describe(Golden.load("tiny").config());
    List<StateSpec> states = tiny.states(RankLayout.SINGLE, Drafting.ON);
    assertThat(states.stream().map(StateSpec::layer)).containsExactly(0, 1, 2, 3, 4);
    assertThat(states.get(4)).isEqualTo(new StateSpec.PagedKv(4, 2, 32));
    assertThat(tiny.states(RankLayout.SINGLE, Drafting.OFF)).hasSize(4);
  }
}
