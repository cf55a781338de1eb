package dev.tenon.server.javalin;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.util.Set;

/** Which address is answered by whom. */
final class Routes {
  static final String MODELS = "/v1/models";
  static final String OVERVIEW =
      "POST /v1/chat/completions, /v1/completions, /tokenize, /detokenize;"
          + " GET /v1/models, /health, /ping, /version, /metrics";

  private static final Set<String> OPEN = Set.of("/health", "/ping");

  /** Answers a request whose body is a JSON object. */
  private interface BodyHandler {
    void handle(Context context, Fields fields);
  }

  private final ServerConfig config;
  private final ServedModel model;
  private final AnswerLoop loop;

  Routes(ServerConfig config, ServedModel model, OpenRequests requests) {
    this.config = config;
    this.model = model;
    this.loop = new AnswerLoop(model, requests);
  }

  void install(RoutesConfig routes) {
    ApiKeys keys = new ApiKeys(config.apiKeys());
    routes.before(context -> {
      if (!OPEN.contains(context.path())) {
        keys.check(context.header("Authorization"));
      }
    });
    routes.post("/v1/chat/completions", body(new ChatHandler(model, config, loop)::handle));
    routes.post("/v1/completions", body(new CompletionHandler(model, config, loop)::handle));
    TokenizeHandler tokenize = new TokenizeHandler(model);
    routes.post("/tokenize", body(tokenize::tokenize));
    routes.post("/detokenize", body(tokenize::detokenize));
    StatusHandlers status = new StatusHandlers(model);
    routes.get(MODELS, status::models);
    routes.get(MODELS + "/<name>", status::model);
    routes.get("/health", status::health);
    routes.get("/ping", status::health);
    routes.post("/ping", status::health);
    routes.get("/version", status::version);
    routes.get("/metrics", status::metrics);
    Errors.install(routes);
  }

  private Handler body(BodyHandler handler) {
    return context ->
        handler.handle(
            context,
            new Fields(
                RequestBody.read(
                    context.req().getInputStream(),
                    context.req().getContentLengthLong(),
                    config.maxRequestBytes())));
  }
}
