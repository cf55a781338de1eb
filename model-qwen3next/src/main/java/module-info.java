/** The Qwen3-Next family: gated delta nets, gated attention, many experts, a drafting head. */
module dev.tenon.model.qwen3next {
  requires dev.tenon.engine.api;
  requires dev.tenon.text.huggingface;
  requires static org.jspecify;

  provides dev.tenon.spi.model.ModelProvider with
      dev.tenon.model.qwen3next.Qwen3NextProvider;
}
