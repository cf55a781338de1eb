package dev.tenon.benchmarks.server;

import com.sun.management.OperatingSystemMXBean;
import dev.tenon.server.javalin.ServerConfig;
import dev.tenon.server.javalin.TenonServer;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Locale;

/**
 * Serves tokens that cost nothing to make, one per request and step, and prints what a token costs
 * the server. The load comes from {@code tenon bench serve} in another process.
 *
 * <p>Run: {@code java -cp <class path> dev.tenon.benchmarks.server.ServerCost [step in ms] [port]}.
 */
public final class ServerCost {
  private static final Duration SHOWN = Duration.ofSeconds(3);

  private ServerCost() {}

  /** Serves until the process is ended. */
  public static void main(String[] arguments) throws InterruptedException {
    double millis = arguments.length > 0 ? Double.parseDouble(arguments[0]) : 25;
    int port = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 8000;
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    try (SteppedEngine engine = new SteppedEngine(Duration.ofNanos((long) (millis * 1e6)));
        TenonServer server =
            TenonServer.start(
                engine, ServerConfig.builder().host("127.0.0.1").port(port).build())) {
      System.out.printf(
          Locale.ROOT, "a step each %.1f ms on port %d; Ctrl-C ends%n", millis, server.port());
      long tokens = engine.tokens();
      long cpu = system.getProcessCpuTime();
      long time = System.nanoTime();
      while (true) {
        Thread.sleep(SHOWN);
        long made = engine.tokens() - tokens;
        long spent = system.getProcessCpuTime() - cpu;
        long passed = System.nanoTime() - time;
        tokens += made;
        cpu += spent;
        time += passed;
        System.out.printf(
            Locale.ROOT,
            "%8.0f tok/s, %5.2f cores, %6.1f us of a core per token%n",
            made * 1e9 / passed,
            (double) spent / passed,
            made == 0 ? 0 : spent / 1e3 / made);
      }
    }
  }
}
