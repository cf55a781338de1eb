package dev.tenon.engine.tck.golden;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Names and shapes of a Qwen3-Next checkpoint's tensors, in the order of formula checkpoints. */
final class FormulaShapes {
  private final Map<String, Object> config;
  private final Map<String, List<Long>> shapes = new LinkedHashMap<>();

  private FormulaShapes(Map<String, Object> config) {
    this.config = config;
  }

  static Map<String, List<Long>> of(Map<String, Object> config) {
    FormulaShapes shapes = new FormulaShapes(config);
    shapes.model();
    return shapes.shapes;
  }

  private void model() {
    long hidden = number("hidden_size");
    long vocabulary = number("vocab_size");
    add("model.embed_tokens.weight", vocabulary, hidden);
    add("model.norm.weight", hidden);
    add("lm_head.weight", vocabulary, hidden);
    for (long layer = 0; layer < number("num_hidden_layers"); layer++) {
      String prefix = "model.layers." + layer + ".";
      norms(prefix);
      if ((layer + 1) % number("full_attention_interval") == 0) {
        attention(prefix + "self_attn.");
      } else {
        deltaNet(prefix + "linear_attn.");
      }
      experts(prefix + "mlp.");
    }
    add("mtp.fc.weight", hidden, 2 * hidden);
    add("mtp.pre_fc_norm_embedding.weight", hidden);
    add("mtp.pre_fc_norm_hidden.weight", hidden);
    add("mtp.norm.weight", hidden);
    norms("mtp.layers.0.");
    attention("mtp.layers.0.self_attn.");
    experts("mtp.layers.0.mlp.");
  }

  private void norms(String prefix) {
    add(prefix + "input_layernorm.weight", number("hidden_size"));
    add(prefix + "post_attention_layernorm.weight", number("hidden_size"));
  }

  private void deltaNet(String prefix) {
    long hidden = number("hidden_size");
    long keys = number("linear_num_key_heads") * number("linear_key_head_dim");
    long heads = number("linear_num_value_heads");
    long values = heads * number("linear_value_head_dim");
    add(prefix + "in_proj_qkvz.weight", 2 * keys + 2 * values, hidden);
    add(prefix + "in_proj_ba.weight", 2 * heads, hidden);
    add(prefix + "conv1d.weight", 2 * keys + values, 1, number("linear_conv_kernel_dim"));
    add(prefix + "A_log", heads);
    add(prefix + "dt_bias", heads);
    add(prefix + "norm.weight", number("linear_value_head_dim"));
    add(prefix + "out_proj.weight", hidden, values);
  }

  private void attention(String prefix) {
    long hidden = number("hidden_size");
    long dim = number("head_dim");
    long heads = number("num_attention_heads");
    long kvHeads = number("num_key_value_heads");
    add(prefix + "q_proj.weight", 2 * heads * dim, hidden);
    add(prefix + "k_proj.weight", kvHeads * dim, hidden);
    add(prefix + "v_proj.weight", kvHeads * dim, hidden);
    add(prefix + "o_proj.weight", hidden, heads * dim);
    add(prefix + "q_norm.weight", dim);
    add(prefix + "k_norm.weight", dim);
  }

  private void experts(String prefix) {
    add(prefix + "gate.weight", number("num_experts"), number("hidden_size"));
    add(prefix + "shared_expert_gate.weight", 1, number("hidden_size"));
    expert(prefix + "shared_expert.", number("shared_expert_intermediate_size"));
    for (long expert = 0; expert < number("num_experts"); expert++) {
      expert(prefix + "experts." + expert + ".", number("moe_intermediate_size"));
    }
  }

  private void expert(String prefix, long width) {
    add(prefix + "gate_proj.weight", width, number("hidden_size"));
    add(prefix + "up_proj.weight", width, number("hidden_size"));
    add(prefix + "down_proj.weight", number("hidden_size"), width);
  }

  private void add(String name, long... shape) {
    shapes.put(name, java.util.Arrays.stream(shape).boxed().toList());
  }

  private long number(String key) {
    if (config.get(key) instanceof Number number) {
      return number.longValue();
    }
    throw new IllegalArgumentException("the config has no number " + key);
  }
}
