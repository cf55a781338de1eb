/**
 * The user's API of the engine ({@code dev.tenon.api}) and the interfaces that plugins implement
 * ({@code dev.tenon.spi} and below). Depends on nothing but the JDK.
 */
module dev.tenon.engine.api {
  requires static transitive org.jspecify;

  exports dev.tenon.api;
  exports dev.tenon.spi;
  exports dev.tenon.spi.backend;
  exports dev.tenon.spi.model;
  exports dev.tenon.spi.speculation;
  exports dev.tenon.spi.text;
  exports dev.tenon.spi.toolcall;

  uses dev.tenon.api.EngineFactory;
}
