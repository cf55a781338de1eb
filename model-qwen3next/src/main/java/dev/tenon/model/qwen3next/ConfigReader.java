package dev.tenon.model.qwen3next;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.AttentionWeights.OutputGate;
import dev.tenon.spi.backend.DeltaNetWeights.GateActivation;
import dev.tenon.spi.model.Checkpoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads {@code config.json}. Defaults of absent keys are those of the reference's configuration
 * class, which are not those of the published checkpoints.
 */
final class ConfigReader {
  private static final Pattern DRAFT_LAYER = Pattern.compile("mtp\\.layers\\.(\\d+)\\..*");
  private static final int MOST = 1 << 24;

  private final Checkpoint checkpoint;
  private final Fields fields;
  private final List<String> notes = new ArrayList<>();

  private ConfigReader(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
    this.fields = new Fields("config.json", checkpoint.config());
  }

  static Config read(Checkpoint checkpoint) {
    return new ConfigReader(checkpoint).read();
  }

  private Config read() {
    refuseUnknownVariants();
    checkQuantisation();
    int vocabularySize = size("vocab_size", 151_936);
    int layers = size("num_hidden_layers", 48);
    int heads = size("num_attention_heads", 16);
    int kvHeads = size("num_key_value_heads", 2);
    int hidden = size("hidden_size", 2048);
    int headDim = size("head_dim", 256);
    int keyHeads = size("linear_num_key_heads", 16);
    int valueHeads = size("linear_num_value_heads", 32);
    int experts = fields.integer("num_experts", 512, 0);
    int perToken = fields.integer("num_experts_per_tok", 10, 1);
    requireMultiple("num_attention_heads", heads, "num_key_value_heads", kvHeads);
    requireMultiple("linear_num_value_heads", valueHeads, "linear_num_key_heads", keyHeads);
    if (experts > 0 && perToken > experts) {
      throw fields.wrong("num_experts_per_tok", perToken, "at most num_experts, " + experts);
    }
    int maxPositions = fields.integer("max_position_embeddings", 32_768, 1);
    RotaryReader.Rotary rotary = new RotaryReader(fields).read(headDim, maxPositions, notes);
    boolean attentionBias = fields.flag("attention_bias", false);
    Set<Integer> dense = denseLayers(layers, experts);
    return new Config(
        vocabularySize,
        hidden,
        mixers(layers),
        dense,
        heads,
        kvHeads,
        headDim,
        fields.flag("attn_output_gate", true) ? OutputGate.SIGMOID : OutputGate.NONE,
        attentionBias || fields.flag("qkv_bias", false),
        attentionBias,
        rotary.table(),
        keyHeads,
        valueHeads,
        size("linear_key_head_dim", 128),
        size("linear_value_head_dim", 128),
        fields.integer("linear_conv_kernel_dim", 4, 2),
        gateActivation(),
        experts,
        perToken,
        fields.flag("norm_topk_prob", true),
        size("moe_intermediate_size", 512),
        fields.integer("shared_expert_intermediate_size", 512, 0),
        size("intermediate_size", 5632),
        (float) fields.positive("rms_norm_eps", 1e-6),
        fields.flag("tie_word_embeddings", false),
        rotary.maxPositions(),
        endOfTextIds(vocabularySize),
        draftLayers(),
        notes);
  }

  private int size(String key, int otherwise) {
    int value = fields.integer(key, otherwise, 1);
    if (value > MOST) {
      throw fields.wrong(key, value, "at most " + MOST);
    }
    return value;
  }

  private void requireMultiple(String key, int value, String unit, int of) {
    if (value % of != 0) {
      throw fields.wrong(key, value, "a multiple of " + unit + ", " + of);
    }
  }

  private List<Config.Mixer> mixers(int layers) {
    List<Config.Mixer> mixers = new ArrayList<>();
    if (!fields.has("layer_types")) {
      int interval = fields.integer("full_attention_interval", 4, 1);
      for (int layer = 0; layer < layers; layer++) {
        mixers.add(
            (layer + 1) % interval == 0
                ? Config.Mixer.FULL_ATTENTION
                : Config.Mixer.LINEAR_ATTENTION);
      }
      return mixers;
    }
    Object value = fields.values().get("layer_types");
    if (!(value instanceof List<?> types) || types.size() != layers) {
      throw fields.wrong("layer_types", value, "a list of num_hidden_layers, " + layers);
    }
    for (Object type : types) {
      mixers.add(
          switch (String.valueOf(type)) {
            case "full_attention" -> Config.Mixer.FULL_ATTENTION;
            case "linear_attention" -> Config.Mixer.LINEAR_ATTENTION;
            default ->
                throw fields.wrong("layer_types", type, "full_attention or linear_attention");
          });
    }
    return mixers;
  }

  private Set<Integer> denseLayers(int layers, int experts) {
    Set<Integer> dense = new HashSet<>(fields.integers("mlp_only_layers"));
    if (dense.stream().anyMatch(layer -> layer >= layers)) {
      throw fields.wrong(
          "mlp_only_layers",
          fields.values().get("mlp_only_layers"),
          "indices below num_hidden_layers, " + layers);
    }
    int step = fields.integer("decoder_sparse_step", 1, 1);
    for (int layer = 0; layer < layers; layer++) {
      if (experts == 0 || (layer + 1) % step != 0) {
        dense.add(layer);
      }
    }
    return dense;
  }

  private GateActivation gateActivation() {
    String name = fields.word("output_gate_type", "silu", List.of("silu", "swish", "sigmoid"));
    return name.equals("sigmoid") ? GateActivation.SIGMOID : GateActivation.SILU;
  }

  private List<Integer> endOfTextIds(int vocabularySize) {
    Set<Integer> ids = new TreeSet<>(fields.integers("eos_token_id"));
    ids.addAll(
        new Fields("generation_config.json", checkpoint.generationConfig())
            .integers("eos_token_id"));
    if (ids.removeIf(id -> id >= vocabularySize)) {
      notes.add("end-of-text ids beyond vocab_size, " + vocabularySize + ", can never come up");
    }
    return List.copyOf(ids);
  }

  private int draftLayers() {
    if (checkpoint.source() == Checkpoint.Source.DUMMY) {
      return fields.integer("num_nextn_predict_layers", 1, 0);
    }
    int layers = 0;
    for (String name : checkpoint.tensors().keySet()) {
      Matcher matcher = DRAFT_LAYER.matcher(name);
      if (matcher.matches() && matcher.group(1).length() < 4) {
        layers = Math.max(layers, Integer.parseInt(matcher.group(1)) + 1);
      }
    }
    return layers;
  }

  private void refuseUnknownVariants() {
    fields.word("hidden_act", "silu", List.of("silu"));
    if (fields.flag("layer_scale", false)) {
      throw unsupported("layer_scale is true", "only layers without a scale are known");
    }
    if (fields.flag("use_sliding_window", false)) {
      throw unsupported("use_sliding_window is true", "only attention over all positions is known");
    }
    if (fields.has("dual_chunk_attention_config")) {
      throw unsupported(
          "dual_chunk_attention_config is set", "only attention over all positions is known");
    }
  }

  private void checkQuantisation() {
    Fields quantisation = fields.object("quantization_config");
    if (quantisation.isEmpty()) {
      return;
    }
    Object method = quantisation.values().get("quant_method");
    if (!"fp8".equals(method)) {
      throw unsupported(
          "quantization_config.quant_method is " + method,
          "fp8 with block scales is known, and checkpoints without quantisation");
    }
    if (!quantisation.word("fmt", "e4m3", List.of("e4m3")).equals("e4m3")
        || quantisation.integers("weight_block_size").size() != 2) {
      throw unsupported(
          "quantization_config.weight_block_size is "
              + quantisation.values().get("weight_block_size"),
          "block scales are known, e.g. [128, 128]");
    }
    quantisation.word("activation_scheme", "dynamic", List.of("dynamic"));
  }

  private TenonException unsupported(String what, String known) {
    return new TenonException(
        ErrorCode.UNSUPPORTED, checkpoint.name() + ": config.json: " + what + "; " + known);
  }
}
