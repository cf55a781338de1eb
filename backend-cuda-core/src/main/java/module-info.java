/** What the CUDA backends share. */
module dev.tenon.backend.cuda.core {
  requires transitive dev.tenon.engine.api;
  requires static org.jspecify;

  exports dev.tenon.backend.cuda.core;
}
