package dev.tenon.server.javalin;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a server is started with. Names follow {@code vllm serve}'s flags. Immutable.
 *
 * @param host address to listen on
 * @param port to listen on; 0 takes any free one
 * @param servedModelNames names that requests may use; empty means the engine's own
 * @param apiKeys any of them lets a request in; empty means no key is asked for
 * @param toolCallParser id of the parser of the model's tool calls; {@code null} is none
 * @param autoToolChoice whether the model may call tools by itself
 * @param maxRequestBytes greatest body, bytes
 * @param maxPrompts prompts in one request at most
 * @param requestLog whether a line is logged per request
 */
public record ServerConfig(
    String host,
    int port,
    List<String> servedModelNames,
    List<String> apiKeys,
    @Nullable String toolCallParser,
    AutoToolChoice autoToolChoice,
    long maxRequestBytes,
    int maxPrompts,
    RequestLog requestLog) {

  /** Whether {@code tool_choice: "auto"} is served. */
  public enum AutoToolChoice {
    /** It is. */
    ENABLED,
    /** It is refused. */
    DISABLED
  }

  /** What is logged of each request. */
  public enum RequestLog {
    /** One line, without prompt or answer. */
    LINES,
    /** Nothing. */
    NONE
  }

  /** Copies the lists. */
  public ServerConfig {
    servedModelNames = List.copyOf(servedModelNames);
    apiKeys = List.copyOf(apiKeys);
  }

  /** Starts from the defaults: all addresses, port 8000, no key, bodies up to 8 MiB. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds a {@link ServerConfig}; each method is named after the record's component. */
  public static final class Builder {
    private String host = "0.0.0.0";
    private int port = 8000;
    private List<String> servedModelNames = List.of();
    private List<String> apiKeys = List.of();
    private @Nullable String toolCallParser;
    private AutoToolChoice autoToolChoice = AutoToolChoice.DISABLED;
    private long maxRequestBytes = 8L << 20;
    private int maxPrompts = 1024;
    private RequestLog requestLog = RequestLog.NONE;

    private Builder() {}

    /** Sets {@link ServerConfig#host()}. */
    public Builder host(String host) {
      this.host = host;
      return this;
    }

    /** Sets {@link ServerConfig#port()}. */
    public Builder port(int port) {
      this.port = port;
      return this;
    }

    /** Sets {@link ServerConfig#servedModelNames()}. */
    public Builder servedModelNames(List<String> servedModelNames) {
      this.servedModelNames = servedModelNames;
      return this;
    }

    /** Sets {@link ServerConfig#apiKeys()}. */
    public Builder apiKeys(List<String> apiKeys) {
      this.apiKeys = apiKeys;
      return this;
    }

    /** Sets {@link ServerConfig#toolCallParser()}. */
    public Builder toolCallParser(@Nullable String toolCallParser) {
      this.toolCallParser = toolCallParser;
      return this;
    }

    /** Sets {@link ServerConfig#autoToolChoice()}. */
    public Builder autoToolChoice(boolean enabled) {
      autoToolChoice = enabled ? AutoToolChoice.ENABLED : AutoToolChoice.DISABLED;
      return this;
    }

    /** Sets {@link ServerConfig#maxRequestBytes()}. */
    public Builder maxRequestBytes(long maxRequestBytes) {
      this.maxRequestBytes = maxRequestBytes;
      return this;
    }

    /** Sets {@link ServerConfig#maxPrompts()}. */
    public Builder maxPrompts(int maxPrompts) {
      this.maxPrompts = maxPrompts;
      return this;
    }

    /** Sets {@link ServerConfig#requestLog()}. */
    public Builder logRequests(boolean enabled) {
      requestLog = enabled ? RequestLog.LINES : RequestLog.NONE;
      return this;
    }

    /** The immutable value. */
    public ServerConfig build() {
      return new ServerConfig(
          host,
          port,
          servedModelNames,
          apiKeys,
          toolCallParser,
          autoToolChoice,
          maxRequestBytes,
          maxPrompts,
          requestLog);
    }
  }
}
