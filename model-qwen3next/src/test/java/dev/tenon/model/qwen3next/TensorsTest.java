package dev.tenon.model.qwen3next;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.golden.Golden;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelArchitecture.Drafting;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import dev.tenon.spi.model.TensorSpec.Quantisation;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TensorsTest {
  private static Map<String, TensorSpec> byName(List<TensorSpec> tensors) {
    return tensors.stream().collect(Collectors.toMap(TensorSpec::name, Function.identity()));
  }

  private static TensorSpec spec(Map<String, TensorSpec> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  @Test
  void publishedModelHasTheKnownNumberOfTensorsAndParameters() {
    ModelArchitecture model = Checkpoints.describe(Checkpoints.published());
    assertThat(Checkpoints.elements(model.tensors(Drafting.OFF))).isEqualTo(79_674_391_296L);
    assertThat(Checkpoints.elements(model.tensors(Drafting.ON))).isEqualTo(81_324_862_720L);
    assertThat(model.tensors(Drafting.ON)).hasSize(75_944);
    assertThat(model.properties().parameters()).isEqualTo(81_324_862_720L);
  }

  @Test
  void publishedBlocksHaveTheKnownSizes() {
    List<TensorSpec> tensors = Checkpoints.describe(Checkpoints.published()).tensors(Drafting.OFF);
    assertThat(sum(tensors, "model.layers.3.self_attn.")).isEqualTo(27_263_488L);
    assertThat(sum(tensors, "model.layers.0.linear_attn.")).isEqualTo(33_718_464L);
    assertThat(sum(tensors, "model.layers.0.mlp.")).isEqualTo(1_614_809_088L);
  }

  private static long sum(List<TensorSpec> tensors, String prefix) {
    return Checkpoints.elements(
        tensors.stream().filter(tensor -> tensor.name().startsWith(prefix)).toList());
  }

  @Test
  void everyTensorOfTheReferencesCheckpointIsDeclaredAndNoOther() {
    Golden golden = Golden.load("tiny");
    List<TensorSpec> declared = Checkpoints.describe(golden.config()).tensors(Drafting.ON);
    assertThat(byName(declared).keySet()).containsAll(golden.weightProbe().keySet());
    assertThat(declared).hasSize(3 + 3 * (7 + 2) + (6 + 2) + 4 * 29 + 4 + 8 + 29);
  }

  @Test
  void sharesFollowHeadsGroupsAndSections() {
    Map<String, TensorSpec> tensors =
        byName(Checkpoints.describe(Checkpoints.published()).tensors(Drafting.ON));
    assertThat(spec(tensors, "model.layers.3.self_attn.k_proj.weight").shard())
        .isEqualTo(new ShardSpec.Heads(2, 256));
    assertThat(spec(tensors, "model.layers.3.self_attn.o_proj.weight").shard())
        .isEqualTo(new ShardSpec.Columns());
    assertThat(spec(tensors, "model.layers.0.linear_attn.conv1d.weight").shard())
        .isEqualTo(new ShardSpec.RowSections(List.of(2048, 2048, 4096)));
    assertThat(spec(tensors, "model.layers.0.linear_attn.in_proj_ba.weight").shard())
        .isEqualTo(new ShardSpec.Rows());
    assertThat(spec(tensors, "mtp.layers.0.mlp.experts.7.down_proj.weight").shard())
        .isEqualTo(new ShardSpec.OfExpert(7, new ShardSpec.Columns()));
    assertThat(spec(tensors, "lm_head.weight").shard()).isEqualTo(new ShardSpec.Vocabulary());
    assertThat(spec(tensors, "model.layers.0.mlp.gate.weight").shard())
        .isEqualTo(new ShardSpec.Replicated());
  }

  @Test
  void normsAndConvolutionsAreNeverQuantised() {
    Map<String, TensorSpec> tensors =
        byName(Checkpoints.describe(Checkpoints.published()).tensors(Drafting.ON));
    assertThat(spec(tensors, "mtp.norm.weight").quantisation()).isEqualTo(Quantisation.NEVER);
    assertThat(spec(tensors, "model.layers.0.linear_attn.conv1d.weight").quantisation())
        .isEqualTo(Quantisation.NEVER);
    assertThat(spec(tensors, "model.layers.0.linear_attn.in_proj_qkvz.weight").quantisation())
        .isEqualTo(Quantisation.BLOCK_SCALED);
  }

  @Test
  void fusedExpertsAreFoundByTheirNames() {
    Map<String, Object> config = Golden.load("tiny").config();
    ModelArchitecture model =
        new Qwen3NextProvider()
            .describe(
                Checkpoints.withFiles(config, List.of("model.layers.1.mlp.experts.gate_up_proj")));
    Map<String, TensorSpec> tensors = byName(model.tensors(Drafting.ON));
    assertThat(spec(tensors, "model.layers.1.mlp.experts.gate_up_proj").shape())
        .containsExactly(8L, 64L, 64L);
    assertThat(spec(tensors, "model.layers.1.mlp.experts.down_proj").shape())
        .containsExactly(8L, 64L, 32L);
    assertThat(tensors)
        .doesNotContainKey("model.layers.1.mlp.experts.0.up_proj.weight")
        .containsKey("model.layers.0.mlp.experts.0.up_proj.weight");
  }

  @Test
  void draftingHeadIsFoundByItsTensorsAndAssumedForDummyWeights() {
    Map<String, Object> config = Golden.load("tiny").config();
    assertThat(Checkpoints.describe(config).properties().draftLayers()).isEqualTo(1);
    assertThat(draftLayers(config, List.of())).isZero();
    assertThat(draftLayers(config, List.of("mtp.layers.0.mlp.gate.weight"))).isEqualTo(1);
    assertThat(
            draftLayers(
                config, List.of("mtp.layers.1.mlp.gate.weight", "mtp.layers.0.mlp.gate.weight")))
        .isEqualTo(2);
  }

  private static int draftLayers(Map<String, Object> config, List<String> tensors) {
    return new Qwen3NextProvider()
        .describe(Checkpoints.withFiles(config, tensors))
        .properties()
        .draftLayers();
  }

  @Test
  void tiedHeadNeedsNoTensorAndToleratesOne() {
    ModelArchitecture tied =
        Checkpoints.describe(Checkpoints.published(Map.of("tie_word_embeddings", true)));
    assertThat(byName(tied.tensors(Drafting.ON))).doesNotContainKey("lm_head.weight");
    assertThat(tied.ignores("lm_head.weight")).isTrue();
    ModelArchitecture own = Checkpoints.describe(Checkpoints.published());
    assertThat(own.ignores("lm_head.weight")).isFalse();
    assertThat(own.ignores("model.layers.3.self_attn.rotary_emb.inv_freq")).isTrue();
    assertThat(own.ignores("mtp.unheard.of")).isFalse();
  }

  @Test
  void denseLayersHaveAnMlpOfTheirOwnWidth() {
    Map<String, TensorSpec> tensors =
        byName(
            Checkpoints.describe(
                    Checkpoints.published(
                        Map.of("mlp_only_layers", List.of(2L), "decoder_sparse_step", 2L)))
                .tensors(Drafting.OFF));
    assertThat(spec(tensors, "model.layers.2.mlp.gate_proj.weight").shape())
        .containsExactly(5120L, 2048L);
    assertThat(tensors).containsKey("model.layers.0.mlp.down_proj.weight");
    assertThat(tensors).containsKey("model.layers.1.mlp.experts.0.down_proj.weight");
  }

  @Test
  void biasesAreDeclaredWhereTheConfigHasThem() {
    Map<String, TensorSpec> all =
        byName(
            Checkpoints.describe(Checkpoints.published(Map.of("attention_bias", true)))
                .tensors(Drafting.ON));
    assertThat(all)
        .containsKeys("model.layers.3.self_attn.q_proj.bias", "mtp.layers.0.self_attn.o_proj.bias");
    Map<String, TensorSpec> inputs =
        byName(
            Checkpoints.describe(Checkpoints.published(Map.of("qkv_bias", true)))
                .tensors(Drafting.ON));
    assertThat(inputs)
        .containsKey("model.layers.3.self_attn.v_proj.bias")
        .doesNotContainKey("model.layers.3.self_attn.o_proj.bias");
  }

  @Test
  void queryProjectionWithoutGateIsHalfAsTall() {
    Map<String, TensorSpec> tensors =
        byName(
            Checkpoints.describe(Checkpoints.published(Map.of("attn_output_gate", false)))
                .tensors(Drafting.OFF));
    assertThat(spec(tensors, "model.layers.3.self_attn.q_proj.weight").shape())
        .containsExactly(4096L, 2048L);
  }
}
