package dev.tenon.distribution;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineFactory;
import dev.tenon.server.javalin.ServerConfig;
import dev.tenon.server.javalin.TenonServer;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** Serves a model over HTTP until the process is told to end; then drains. */
final class ServeCommand implements Command {
  private final PrintStream err;
  private final List<Flag> flags;
  private final CommandSpec spec;

  ServeCommand(PrintStream err) {
    this.err = err;
    flags = new ArrayList<>(ServerFlags.ALL);
    flags.addAll(EngineFlags.ALL);
    spec = CommandSpec.create().name("serve").mixinStandardHelpOptions(true);
    spec.usageMessage()
        .description("Serves a model with an OpenAI-compatible API.")
        .footer("", "Flags that vllm serve has and that are not listed are refused with a reason.");
    ModelArgument.addTo(spec);
    FlagParser.addTo(spec, flags);
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult parsed) throws InterruptedException {
    long started = System.nanoTime();
    FlagValues values = FlagParser.read(parsed, flags);
    EngineConfig config = EngineFlags.config(ModelArgument.model(parsed, values), values);
    ServerConfig serverConfig =
        ServerFlags.config(values, ModelArgument.isDemo(parsed, values) ? "tenon-demo" : null);
    Duration limit = Duration.ofSeconds(values.count("shutdown-timeout").orElse(10));
    Engine engine = EngineFactory.installed().open(config, new ProgressBar(err));
    TenonServer server;
    try {
      server = TenonServer.start(engine, serverConfig);
    } catch (RuntimeException e) {
      engine.close();
      throw e;
    }
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  err.println("draining ...");
                  server.stop(limit);
                  engine.close();
                  ended.countDown();
                },
                "tenon-shutdown"));
    engine.description().forEach(line -> err.println("  " + line));
    err.printf(
        Locale.ROOT,
        "  ready in %.2f s on http://%s:%d (Ctrl-C ends)%n",
        (System.nanoTime() - started) / 1e9,
        serverConfig.host().equals("0.0.0.0") ? "localhost" : serverConfig.host(),
        server.port());
    ended.await();
    return 0;
  }
}
