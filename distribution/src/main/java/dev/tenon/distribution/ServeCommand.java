package dev.tenon.distribution;

import dev.tenon.api.Engine;
import dev.tenon.server.javalin.ServerConfig;
import dev.tenon.server.javalin.TenonServer;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;

/** Serves a model over HTTP until the process is told to end; then drains. */
final class ServeCommand extends EngineCommand {
  private final PrintStream err;

  ServeCommand(PrintStream err) {
    super("serve", "Serves a model with an OpenAI-compatible API.", ServerFlags.ALL);
    this.err = err;
    spec()
        .usageMessage()
        .footer("", "Flags that vllm serve has and that are not listed are refused with a reason.");
  }

  @Override
  int run(Given given) throws InterruptedException {
    long started = System.nanoTime();
    ServerConfig serverConfig =
        ServerFlags.config(given.flags(), given.isDemo() ? "tenon-demo" : null);
    Duration limit = Duration.ofSeconds(given.flags().count("shutdown-timeout").orElse(10));
    Engine engine = given.open(new ProgressBar(err));
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
    if (engine.tokenizer().isEmpty()) {
      err.println(
          "  text: none, the checkpoint has no tokenizer.json; prompts are token ids for"
              + " /v1/completions, answers have token counts and ids but no text");
    }
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
