/** What the CUDA backends share. */
module dev.tenon.backend.cuda.core {
  requires transitive dev.tenon.engine.api;
  requires static org.jspecify;
  requires org.slf4j;

  exports dev.tenon.backend.cuda.core;
}
