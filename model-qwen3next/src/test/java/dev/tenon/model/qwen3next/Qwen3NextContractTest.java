package dev.tenon.model.qwen3next;

import dev.tenon.engine.tck.contract.ModelContract;
import dev.tenon.engine.tck.golden.Golden;
import dev.tenon.spi.model.ModelProvider;
import java.util.List;
import java.util.Map;
import java.util.Set;

class Qwen3NextContractTest extends ModelContract {
  private static final Golden TINY = Golden.load("tiny");

  @Override
  protected ModelProvider provider() {
    return new Qwen3NextProvider();
  }

  @Override
  protected Map<String, Object> config() {
    return TINY.config();
  }

  @Override
  protected Map<String, Object> unrunnable() {
    return Map.ofEntries(
        Map.entry("hidden_act", "gelu"),
        Map.entry("layer_scale", true),
        Map.entry("use_sliding_window", true),
        Map.entry("dual_chunk_attention_config", Map.of("chunk_size", 8192L)),
        Map.entry("quantization_config", Map.of("quant_method", "awq")),
        Map.entry("output_gate_type", "tanh"),
        Map.entry("num_attention_heads", 3L),
        Map.entry("linear_num_value_heads", 3L),
        Map.entry("num_experts_per_tok", 1_000L),
        Map.entry("mlp_only_layers", List.of(99L)),
        Map.entry("rope_scaling", Map.of("rope_type", "dynamic", "factor", 2.0)),
        Map.entry("vocab_size", 0L));
  }

  @Override
  protected Set<String> unreadKeys() {
    return Set.of("model_type", "architectures", "torch_dtype");
  }

  @Override
  protected Set<String> knownTensors() {
    return TINY.weightProbe().keySet();
  }
}
