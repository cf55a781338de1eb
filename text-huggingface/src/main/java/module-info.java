/**
 * Text of checkpoints in Hugging Face's form: {@code tokenizer.json}, chat templates, incremental
 * detokenisation. Model plugins that read such checkpoints require it.
 */
module dev.tenon.text.huggingface {
  requires transitive dev.tenon.engine.api;
  requires dev.tenon.json.values;
  requires ai.djl.tokenizers;
  requires org.slf4j;
  requires tools.jackson.databind;
  requires static org.jspecify;

  exports dev.tenon.text.huggingface;
  exports dev.tenon.text.huggingface.jinja;
}
