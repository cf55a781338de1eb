package dev.tenon.distribution;

import dev.tenon.api.EngineFactory;
import dev.tenon.api.TunedRows;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Measures which parameters of the kernels suit this machine's GPU, and writes them to a file that
 * later starts read.
 */
final class TuneMoeCommand extends EngineCommand {
  private static final List<Flag> OWN =
      List.of(Flag.value("output", "FOLDER", "Where the file goes. Default: the current folder."));

  private final PrintStream out;
  private boolean headed;

  TuneMoeCommand(PrintStream out) {
    super(
        "tune moe",
        "Tunes the kernels of the mixture of experts for this machine's GPU. Weights are made up:"
            + " MODEL needs config.json only.",
        OWN);
    this.out = out;
    spec()
        .usageMessage()
        .footer(
            "",
            "TENON_TUNED_CONFIG_FOLDER=FOLDER tenon serve MODEL … then uses the file. With the"
                + " flags of serve for ranks and experts, the file is for the share of one rank.");
  }

  @Override
  int run(Given given) {
    Path folder = given.flags().text("output").map(Path::of).orElse(Path.of(""));
    Path file =
        EngineFactory.installed().tuneMoe(given.config(), folder.toAbsolutePath(), this::print);
    out.println("wrote " + file);
    out.println(
        "use it: TENON_TUNED_CONFIG_FOLDER=" + file.getParent() + " tenon serve " + given.model());
    return 0;
  }

  private void print(TunedRows rows) {
    if (!headed) {
      out.println("  rows  tried   default us      best us   saved  parameters");
      headed = true;
    }
    out.printf(
        Locale.ROOT,
        "%6d %6d %12.1f %12.1f %5.1f %%  %s%n",
        rows.rows(),
        rows.candidates(),
        rows.usualMicros(),
        rows.bestMicros(),
        100 * (1 - rows.bestMicros() / rows.usualMicros()),
        rows.best());
    out.flush();
  }
}
