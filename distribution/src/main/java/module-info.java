/** The {@code tenon} command: opens an engine, serves it, talks to it, compares it. */
module dev.tenon.distribution {
  requires dev.tenon.engine.api;
  requires dev.tenon.json.values;
  requires dev.tenon.server.javalin;
  requires info.picocli;
  requires org.slf4j;
  requires static org.jspecify;
  requires tools.jackson.databind;

  uses dev.tenon.api.EngineFactory;
}
