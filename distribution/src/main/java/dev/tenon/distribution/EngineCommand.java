package dev.tenon.distribution;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineFactory;
import dev.tenon.api.LoadProgress;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** A command that opens an engine: it takes a MODEL, the engine's flags and some of its own. */
abstract class EngineCommand implements Command {
  private final List<Flag> flags;
  private final CommandSpec spec;

  /**
   * A command.
   *
   * @param own flags of its own, listed first
   */
  EngineCommand(String name, String description, List<Flag> own) {
    flags = new ArrayList<>(own);
    flags.addAll(EngineFlags.ALL);
    spec = CommandSpec.create().name(name).mixinStandardHelpOptions(true);
    spec.usageMessage().description(description);
    ModelArgument.addTo(spec);
    FlagParser.addTo(spec, flags);
  }

  @Override
  public final CommandSpec spec() {
    return spec;
  }

  @Override
  public final int run(ParseResult parsed) throws Exception {
    FlagValues values = FlagParser.read(parsed, flags);
    return run(
        new Given(
            values, ModelArgument.model(parsed, values), ModelArgument.isDemo(parsed, values)));
  }

  /**
   * Runs it.
   *
   * @return the process's exit status
   */
  abstract int run(Given given) throws Exception;

  /**
   * What the command line said.
   *
   * @param flags values of the flags
   * @param model folder or hub id
   * @param isDemo whether no model was named
   */
  record Given(FlagValues flags, String model, boolean isDemo) {
    /** The same with one flag given otherwise. */
    Given with(String name, String text) {
      return new Given(flags.with(name, text), model, isDemo);
    }

    EngineConfig config() {
      return EngineFlags.config(model, flags);
    }

    Engine open(LoadProgress progress) {
      return EngineFactory.installed().open(config(), progress);
    }
  }
}
