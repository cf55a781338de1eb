package dev.tenon.distribution;

import dev.tenon.distribution.bench.LoadPlan;
import dev.tenon.distribution.bench.LoadRun;
import dev.tenon.distribution.bench.Measurement;
import dev.tenon.distribution.bench.Report;
import dev.tenon.distribution.bench.RunProgress;
import dev.tenon.distribution.bench.ServerCalls;
import dev.tenon.distribution.bench.Target;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** Puts a load on a server with OpenAI's API, this one or another, and prints what it took. */
final class BenchServeCommand implements Command {
  private static final int NONE_SUCCEEDED = 1;

  private final PrintStream out;
  private final PrintStream err;
  private final CommandSpec spec;

  BenchServeCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
    spec = CommandSpec.create().name("bench serve").mixinStandardHelpOptions(true);
    spec.usageMessage().description("Measures a server with OpenAI's API under load.");
    FlagParser.addTo(spec, BenchFlags.ALL);
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult parsed) throws IOException, InterruptedException {
    FlagValues flags = FlagParser.read(parsed, BenchFlags.ALL);
    Target target = BenchFlags.target(flags);
    List<String> metrics = BenchFlags.metrics(flags);
    List<Double> percentiles = BenchFlags.percentiles(flags);
    BenchFlags.plan(flags, 1); // a mistake shows before the server is asked
    Measurement measurement;
    LoadPlan plan;
    try {
      plan = BenchFlags.plan(flags, vocabulary(flags, target));
      boolean quiet = flags.isOn("disable-tqdm", false);
      LoadRun run =
          new LoadRun(
              target, plan, quiet ? RunProgress.NONE : RunProgress.on(err, plan.requests()));
      run.warmUp();
      measurement = run.run();
    } catch (ConnectException e) {
      err.println(
          "tenon: %s:%d: %s; start the server, or give its --base-url"
              .formatted(target.host(), target.port(), e.getMessage()));
      return NONE_SUCCEEDED;
    } catch (IOException e) {
      err.println("tenon: " + e.getMessage());
      return NONE_SUCCEEDED;
    }
    measurement
        .firstError()
        .ifPresent(error ->
            err.println(
                measurement.failed() + " requests failed, the first of them with: " + error));
    Report report = new Report(plan, measurement, metrics, percentiles);
    report.lines().forEach(out::println);
    out.flush();
    if (flags.isOn("save-result", false)) {
      save(flags, report);
    }
    return measurement.succeeded() > 0 ? 0 : NONE_SUCCEEDED;
  }

  private static int vocabulary(FlagValues flags, Target target) throws IOException {
    if (flags.text("random-vocab-size").isPresent()) {
      return flags.count("random-vocab-size").orElseThrow();
    }
    int told = ServerCalls.vocabulary(target);
    if (told < 1) {
      throw new UsageException(
          "the server does not say how many token ids its model has; give --random-vocab-size");
    }
    return told;
  }

  private void save(FlagValues flags, Report report) throws IOException {
    String time =
        LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT));
    String model = report.plan().model();
    String usual = model.substring(model.lastIndexOf('/') + 1) + "-" + time + ".json";
    Path file =
        Path.of(flags.text("result-dir").orElse(""))
            .resolve(flags.text("result-filename").orElse(usual))
            .toAbsolutePath();
    Files.createDirectories(file.getParent());
    Files.writeString(file, JsonText.write(report.values()) + "\n");
    err.println("saved " + file);
  }
}
