package dev.tenon.model.qwen3next;

/** Names of a checkpoint's tensors. */
final class Names {
  static final String EMBEDDING = "model.embed_tokens.weight";
  static final String FINAL_NORM = "model.norm.weight";
  static final String HEAD = "lm_head.weight";
  static final String DRAFT_PROJECTION = "mtp.fc.weight";
  static final String DRAFT_EMBEDDING_NORM = "mtp.pre_fc_norm_embedding.weight";
  static final String DRAFT_HIDDEN_NORM = "mtp.pre_fc_norm_hidden.weight";
  static final String DRAFT_NORM = "mtp.norm.weight";
  static final String INPUT_NORM = "input_layernorm.weight";
  static final String FEED_FORWARD_NORM = "post_attention_layernorm.weight";
  static final String ATTENTION = "self_attn.";
  static final String DELTA_NET = "linear_attn.";
  static final String MLP = "mlp.";
  static final String FUSED_GATE_UP = "experts.gate_up_proj";
  static final String FUSED_DOWN = "experts.down_proj";

  private Names() {}

  static String layer(int index) {
    return "model.layers." + index + ".";
  }

  static String draftLayer(int index) {
    return "mtp.layers." + index + ".";
  }
}
