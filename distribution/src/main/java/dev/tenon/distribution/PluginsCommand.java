package dev.tenon.distribution;

import dev.tenon.api.EngineFactory;
import dev.tenon.api.PluginReport;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** Lists the installed plugins, and what would be chosen on this machine. */
final class PluginsCommand implements Command {
  private static final List<Flag> FLAGS =
      List.of(Flag.value("plugins", "FOLDER", "Folder of further plugins, <name>/*.jar."));

  private final PrintStream out;
  private final CommandSpec spec;

  PluginsCommand(PrintStream out) {
    this.out = out;
    spec = CommandSpec.create().name("plugins").mixinStandardHelpOptions(true);
    spec.usageMessage()
        .description("Lists what is installed, from where, and what would be chosen here.");
    FlagParser.addTo(spec, FLAGS);
  }

  @Override
  public CommandSpec spec() {
    return spec;
  }

  @Override
  public int run(ParseResult parsed) {
    FlagValues values = FlagParser.read(parsed, FLAGS);
    Path folder = values.text("plugins").map(Path::of).orElse(PluginFolder.ofImage());
    for (PluginReport plugin : EngineFactory.installed().plugins(folder)) {
      out.printf(
          Locale.ROOT,
          "%-12s %-16s %-9s %s%n%31s%s%n",
          plugin.kind(),
          plugin.id(),
          plugin.selection().name().toLowerCase(Locale.ROOT),
          plugin.state(),
          "",
          plugin.location());
    }
    if (folder != null && !Files.isDirectory(folder)) {
      out.println("no plugin folder at " + folder);
    }
    return 0;
  }
}
