package dev.tenon.model.qwen3next;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.Probe;
import dev.tenon.spi.backend.AttentionWeights.OutputGate;
import dev.tenon.spi.backend.DeltaNetWeights.GateActivation;
import dev.tenon.spi.model.Checkpoint;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigReaderTest {
  private static Config read(Map<String, Object> config) {
    return ConfigReader.read(Checkpoints.dummy(config));
  }

  @Test
  void anEmptyConfigHasTheReferenceClassesDefaults() {
    Config config = read(Map.of());
    assertThat(config.vocabularySize()).isEqualTo(151_936);
    assertThat(config.hidden()).isEqualTo(2048);
    assertThat(config.layers()).isEqualTo(48);
    assertThat(config.maxPositions()).isEqualTo(32_768);
    assertThat(config.denseWidth()).isEqualTo(5632);
    assertThat(config.experts()).isEqualTo(512);
    assertThat(config.outputGate()).isEqualTo(OutputGate.SIGMOID);
    assertThat(config.gateActivation()).isEqualTo(GateActivation.SILU);
    assertThat(config.rotary().frequencies()).hasSize(32);
    assertThat(config.rotary().frequencies()[1]).isEqualTo((float) Math.pow(10_000, -2.0 / 64));
  }

  @Test
  void everyFourthLayerAttendsUnlessALayerListSaysOtherwise() {
    Config interval = read(Checkpoints.published());
    assertThat(interval.mixers().get(3)).isEqualTo(Config.Mixer.FULL_ATTENTION);
    assertThat(interval.mixers().stream().filter(Config.Mixer.FULL_ATTENTION::equals)).hasSize(12);
    Config listed =
        read(
            Checkpoints.published(
                Map.of(
                    "num_hidden_layers",
                    2L,
                    "layer_types",
                    List.of("full_attention", "linear_attention"))));
    assertThat(listed.mixers())
        .containsExactly(Config.Mixer.FULL_ATTENTION, Config.Mixer.LINEAR_ATTENTION);
  }

  @Test
  void nullCountsAsAbsent() {
    Map<String, Object> config = Checkpoints.published();
    config.put("rope_scaling", null);
    config.put("hidden_act", null);
    assertThat(read(config).rotary().magnitude()).isEqualTo(1f);
  }

  @Test
  void endOfTextIdsAreTheUnionOfBothFiles() {
    Map<String, Object> config = Checkpoints.published();
    Checkpoint checkpoint =
        new Checkpoint(
            "m",
            Path.of("m"),
            config,
            Map.of("eos_token_id", List.of(151_645L, 151_643L), "temperature", 0.7, "top_k", 20L),
            Map.of(),
            Checkpoint.Source.DUMMY);
    var properties = new Qwen3NextProvider().describe(checkpoint).properties();
    assertThat(properties.endOfTextIds()).containsExactly(151_643, 151_645);
    assertThat(properties.samplingDefaults())
        .containsExactlyInAnyOrderEntriesOf(Map.of("temperature", 0.7, "top_k", 20.0));
    assertThat(read(Map.of()).endOfTextIds()).isEmpty();
  }

  @Test
  void endOfTextIdsBeyondTheVocabularyAreLeftOutAndNoted() {
    Config config =
        read(Checkpoints.published(Map.of("vocab_size", 256L, "eos_token_id", List.of(3L, 256L))));
    assertThat(config.endOfTextIds()).containsExactly(3);
    assertThat(config.notes()).anyMatch(note -> note.contains("256"));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void aValueThatCannotBeRunIsRefusedWithKeyAndValue(
      Map<String, Object> change, ErrorCode code, String key, String value) {
    assertThatThrownBy(() -> read(Checkpoints.published(change)))
        .isInstanceOfSatisfying(TenonException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(key)
        .hasMessageContaining(value);
  }

  static List<Arguments> refused() {
    ErrorCode invalid = ErrorCode.INVALID_CHECKPOINT;
    ErrorCode unsupported = ErrorCode.UNSUPPORTED;
    return List.of(
        Arguments.of(Map.of("hidden_size", 0L), invalid, "hidden_size", "0"),
        Arguments.of(Map.of("hidden_size", "2048"), invalid, "hidden_size", "2048"),
        Arguments.of(Map.of("hidden_size", 1L << 40), invalid, "hidden_size", "1099511627776"),
        Arguments.of(Map.of("num_hidden_layers", -1L), invalid, "num_hidden_layers", "-1"),
        Arguments.of(Map.of("num_key_value_heads", 3L), invalid, "num_attention_heads", "3"),
        Arguments.of(
            Map.of("linear_num_value_heads", 24L), invalid, "linear_num_value_heads", "24"),
        Arguments.of(Map.of("num_experts_per_tok", 513L), invalid, "num_experts_per_tok", "513"),
        Arguments.of(
            Map.of("layer_types", List.of("full_attention")), invalid, "layer_types", "48"),
        Arguments.of(Map.of("mlp_only_layers", List.of(48L)), invalid, "mlp_only_layers", "48"),
        Arguments.of(Map.of("hidden_act", "gelu"), invalid, "hidden_act", "gelu"),
        Arguments.of(Map.of("rms_norm_eps", Double.NaN), invalid, "rms_norm_eps", "NaN"),
        Arguments.of(Map.of("output_gate_type", "tanh"), invalid, "output_gate_type", "tanh"),
        Arguments.of(Map.of("norm_topk_prob", 1L), invalid, "norm_topk_prob", "1"),
        Arguments.of(Map.of("eos_token_id", "</s>"), invalid, "eos_token_id", "</s>"),
        Arguments.of(
            Map.of("partial_rotary_factor", 0.255), invalid, "partial_rotary_factor", "0.255"),
        Arguments.of(
            Map.of("rope_scaling", Map.of("rope_type", "llama3", "factor", 8.0)),
            invalid,
            "rope_type",
            "llama3"),
        Arguments.of(
            Map.of("rope_scaling", Map.of("type", "dynamic", "factor", 8.0)),
            invalid,
            "type",
            "dynamic"),
        Arguments.of(
            Map.of("rope_parameters", Map.of("rope_type", "yarn")), invalid, "factor", "null"),
        Arguments.of(Map.of("layer_scale", true), unsupported, "layer_scale", "true"),
        Arguments.of(Map.of("use_sliding_window", true), unsupported, "use_sliding_window", "true"),
        Arguments.of(
            Map.of("dual_chunk_attention_config", Map.of("chunk_size", 8L)),
            unsupported,
            "dual_chunk_attention_config",
            "set"),
        Arguments.of(
            Map.of("quantization_config", Map.of("quant_method", "awq")),
            unsupported,
            "quant_method",
            "awq"));
  }

  @Test
  void blockFp8IsTaken() {
    Map<String, Object> quantisation = new HashMap<>();
    quantisation.put("quant_method", "fp8");
    quantisation.put("fmt", "e4m3");
    quantisation.put("activation_scheme", "dynamic");
    quantisation.put("weight_block_size", List.of(128L, 128L));
    assertThat(read(Checkpoints.published(Map.of("quantization_config", quantisation))).layers())
        .isEqualTo(48);
  }

  @Test
  void otherFamiliesAreNotRecognised() {
    Qwen3NextProvider provider = new Qwen3NextProvider();
    assertThat(provider.recognise(Checkpoints.dummy(Checkpoints.published())))
        .isInstanceOf(Probe.Fit.class);
    assertThat(provider.recognise(Checkpoints.dummy(Map.of("model_type", "llama"))))
        .isInstanceOfSatisfying(
            Probe.Unfit.class, unfit -> assertThat(unfit.reason()).contains("llama"));
    assertThat(provider.recognise(Checkpoints.dummy(Map.of()))).isInstanceOf(Probe.Unfit.class);
  }
}
