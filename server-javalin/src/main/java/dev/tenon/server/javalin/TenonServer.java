package dev.tenon.server.javalin;

import dev.tenon.api.Engine;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Serves an engine over HTTP. The engine belongs to the caller and is not closed here. Methods may
 * be called from any thread.
 */
public final class TenonServer implements AutoCloseable {
  private static final Duration LAST_BYTES = Duration.ofSeconds(2);
  private static final int MAX_HEADER_BYTES = 16 << 10;

  private final Engine engine;
  private final OpenRequests requests = new OpenRequests();
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final Javalin javalin;

  private TenonServer(Engine engine, ServerConfig config) {
    this.engine = engine;
    ServedModel model = new ServedModel(engine, config.servedModelNames());
    Routes routes = new Routes(config, model, requests);
    javalin =
        Javalin.create(settings -> {
          settle(settings, config);
          routes.install(settings.routes);
        });
  }

  /**
   * Starts to listen.
   *
   * @throws TenonException {@code INVALID_CONFIGURATION} if the address cannot be listened on,
   *     {@code PLUGIN_NOT_FOUND} if the tool-call parser is not installed
   */
  public static TenonServer start(Engine engine, ServerConfig config) {
    TenonServer server = new TenonServer(engine, config);
    try {
      server.javalin.start(config.host(), config.port());
    } catch (RuntimeException e) {
      throw new TenonException(
          ErrorCode.INVALID_CONFIGURATION,
          "cannot listen on "
              + config.host()
              + ":"
              + config.port()
              + ": "
              + e.getMessage()
              + "; choose another --host or --port",
          e);
    }
    return server;
  }

  private static void settle(JavalinConfig settings, ServerConfig config) {
    settings.startup.showJavalinBanner = false;
    settings.startup.showOldJavalinVersionWarning = false;
    settings.startup.startupWatcherEnabled = false;
    settings.concurrency.useVirtualThreads = true;
    settings.http.prefer405over404 = true;
    settings.http.generateEtags = false;
    settings.http.compressionStrategy = CompressionStrategy.NONE;
    settings.jetty.modifyHttpConfiguration(http -> {
      http.setRequestHeaderSize(MAX_HEADER_BYTES);
      http.setSendServerVersion(false);
    });
    settings.jetty.modifyServer(server -> {
      server.setErrorHandler(new ContainerErrors());
      // Stopping waits for requests by itself; what is left then is idle connections.
      server.setStopTimeout(0);
    });
    if (config.requestLog() == ServerConfig.RequestLog.LINES) {
      settings.requestLogger.http(RequestLog::line);
    }
  }

  /** The port listened on. */
  public int port() {
    return javalin.port();
  }

  /**
   * Drains and ends: new requests are refused with 503, running ones may end within the limit and
   * are cancelled after it, then the port is closed. Stopping twice is harmless.
   */
  public void stop(Duration limit) {
    if (!stopped.compareAndSet(false, true)) {
      return;
    }
    try {
      if (!engine.drain(limit)) {
        requests.cancelAll();
      }
      requests.await(LAST_BYTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      requests.cancelAll();
    }
    javalin.stop();
  }

  /** Ends without waiting for requests. */
  @Override
  public void close() {
    stop(Duration.ZERO);
  }
}
