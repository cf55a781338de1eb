/** Contracts, fakes and reference outputs that the tests of plugins and of the engine share. */
module dev.tenon.engine.tck {
  requires transitive dev.tenon.engine.api;
  requires dev.tenon.json.values;
  requires static org.jspecify;
  requires org.assertj.core;
  requires transitive org.junit.jupiter.api;
  requires tools.jackson.core;
  requires tools.jackson.databind;

  exports dev.tenon.engine.tck;
  exports dev.tenon.engine.tck.asserting;
  exports dev.tenon.engine.tck.contract;
  exports dev.tenon.engine.tck.fake;
  exports dev.tenon.engine.tck.golden;
  exports dev.tenon.engine.tck.recording;
  exports dev.tenon.engine.tck.toy;
}
