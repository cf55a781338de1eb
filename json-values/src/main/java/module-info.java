/**
 * JSON as the plain values that the engine's API takes, in one place: the API itself may name no
 * JSON library.
 */
module dev.tenon.json.values {
  requires transitive tools.jackson.databind;
  requires dev.tenon.engine.api;
  requires static org.jspecify;

  exports dev.tenon.json.values;
}
