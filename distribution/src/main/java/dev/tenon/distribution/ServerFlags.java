package dev.tenon.distribution;

import static dev.tenon.distribution.Flag.negatable;
import static dev.tenon.distribution.Flag.onOff;
import static dev.tenon.distribution.Flag.value;
import static dev.tenon.distribution.Flag.values;

import dev.tenon.server.javalin.ServerConfig;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The flags that describe the HTTP server. */
final class ServerFlags {
  /** All of them, in the order of the help. */
  static final List<Flag> ALL =
      List.of(
          value("host", "ADDRESS", "Address to listen on. Default: all."),
          value("port", "PORT", "Port to listen on. Default: 8000."),
          values("served-model-name", "NAME", "Names that requests may use for the model."),
          value("api-key", "KEY", "Key that requests must carry. Also read from VLLM_API_KEY."),
          onOff("enable-auto-tool-choice", "Let the model call tools by itself."),
          value("tool-call-parser", "ID", "Format of the model's tool calls, e.g. hermes."),
          value("max-request-bytes", "BYTES", "Largest request body. Default: 8388608."),
          value("shutdown-timeout", "SECONDS", "How long running requests may end. Default: 10."),
          negatable("enable-log-requests", "Log each request. Default: off."),
          onOff("disable-log-requests", "As by default."));

  private ServerFlags() {}

  /**
   * The configuration that the flags describe.
   *
   * @param name served name unless one is given; {@code null} for the engine's own
   */
  static ServerConfig config(FlagValues flags, @Nullable String name) {
    List<String> names = flags.texts("served-model-name");
    String key =
        flags.text("api-key").orElse(Optional.ofNullable(System.getenv("VLLM_API_KEY")).orElse(""));
    boolean auto = flags.isOn("enable-auto-tool-choice", false);
    Optional<String> parser = flags.text("tool-call-parser");
    if (auto && parser.isEmpty()) {
      throw new UsageException(
          "--enable-auto-tool-choice needs --tool-call-parser, e.g. --tool-call-parser hermes");
    }
    ServerConfig.Builder config =
        ServerConfig.builder()
            .host(flags.text("host").orElse("0.0.0.0"))
            .port(port(flags))
            .servedModelNames(names.isEmpty() && name != null ? List.of(name) : names)
            .apiKeys(key.isEmpty() ? List.of() : List.of(key))
            .autoToolChoice(auto)
            .logRequests(flags.isOn("enable-log-requests", false));
    parser.ifPresent(config::toolCallParser);
    flags.count("max-request-bytes").ifPresent(config::maxRequestBytes);
    return config.build();
  }

  private static int port(FlagValues flags) {
    int port = flags.integer("port").orElse(8000);
    if (port < 0 || port > 65_535) {
      throw new UsageException("--port " + port + ": give 1 to 65535, or 0 for any free port");
    }
    return port;
  }
}
