/** OpenAI-compatible HTTP server. Knows the engine's API and no implementation of it. */
module dev.tenon.server.javalin {
  requires transitive dev.tenon.engine.api;
  requires dev.tenon.json.values;
  requires io.javalin;
  requires org.eclipse.jetty.ee10.servlet;
  requires org.eclipse.jetty.io;
  requires org.eclipse.jetty.server;
  requires org.slf4j;
  requires static org.jspecify;
  requires tools.jackson.databind;

  exports dev.tenon.server.javalin;
}
