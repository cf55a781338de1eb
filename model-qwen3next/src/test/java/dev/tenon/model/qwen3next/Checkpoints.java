package dev.tenon.model.qwen3next;

import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.TensorSpec;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Checkpoints that exist as configs and names only. */
final class Checkpoints {
  private Checkpoints() {}

  /** What the published 80B-A3B config says, as far as it matters. */
  static Map<String, Object> published() {
    Map<String, Object> config = new HashMap<>();
    config.put("model_type", "qwen3_next");
    config.put("vocab_size", 151_936L);
    config.put("hidden_size", 2048L);
    config.put("num_hidden_layers", 48L);
    config.put("full_attention_interval", 4L);
    config.put("num_attention_heads", 16L);
    config.put("num_key_value_heads", 2L);
    config.put("head_dim", 256L);
    config.put("partial_rotary_factor", 0.25);
    config.put("rope_theta", 10_000_000L);
    config.put("max_position_embeddings", 262_144L);
    config.put("rms_norm_eps", 1e-6);
    config.put("hidden_act", "silu");
    config.put("linear_conv_kernel_dim", 4L);
    config.put("linear_key_head_dim", 128L);
    config.put("linear_value_head_dim", 128L);
    config.put("linear_num_key_heads", 16L);
    config.put("linear_num_value_heads", 32L);
    config.put("num_experts", 512L);
    config.put("num_experts_per_tok", 10L);
    config.put("moe_intermediate_size", 512L);
    config.put("shared_expert_intermediate_size", 512L);
    config.put("intermediate_size", 5120L);
    config.put("norm_topk_prob", true);
    config.put("decoder_sparse_step", 1L);
    config.put("mlp_only_layers", List.of());
    config.put("tie_word_embeddings", false);
    config.put("eos_token_id", 151_645L);
    return config;
  }

  static Map<String, Object> published(Map<String, Object> changes) {
    Map<String, Object> config = published();
    config.putAll(changes);
    return config;
  }

  static Checkpoint dummy(Map<String, Object> config) {
    return new Checkpoint(
        "made-up", Path.of("made-up"), config, Map.of(), Map.of(), Checkpoint.Source.DUMMY);
  }

  static Checkpoint withFiles(Map<String, Object> config, List<String> tensors) {
    Map<String, Checkpoint.Entry> entries = new HashMap<>();
    for (String name : tensors) {
      entries.put(name, new Checkpoint.Entry(ElementType.BF16, List.of(1L), "model.safetensors"));
    }
    return new Checkpoint(
        "made-up", Path.of("made-up"), config, Map.of(), entries, Checkpoint.Source.FILES);
  }

  static ModelArchitecture describe(Map<String, Object> config) {
    return new Qwen3NextProvider().describe(dummy(config));
  }

  static long elements(List<TensorSpec> tensors) {
    return tensors.stream().mapToLong(TensorSpec::elements).sum();
  }
}
