/** What the CUDA backends share. */
module dev.tenon.backend.cuda.core {
  requires transitive dev.tenon.engine.api;
  requires dev.tenon.json.values;
  requires static org.jspecify;
  requires org.slf4j;
  requires tools.jackson.core;

  exports dev.tenon.backend.cuda.core;
}
