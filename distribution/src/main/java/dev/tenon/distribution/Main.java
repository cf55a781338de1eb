package dev.tenon.distribution;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Entry point of the {@code tenon} command. */
public final class Main {
  private static final int FAILED = 1;
  private static final int MISUSED = 2;

  private Main() {}

  /** Runs the command and ends the process with its status. */
  public static void main(String[] arguments) {
    int status = run(arguments, System.out, System.err);
    if (status != 0) {
      System.exit(status);
    }
  }

  /** Runs the command. */
  static int run(String[] arguments, PrintStream out, PrintStream err) {
    Map<String, Command> commands = commands(out, err);
    CommandLine line = new CommandLine(root());
    commands.forEach((name, command) -> add(line, name, command.spec()));
    try {
      ParseResult parsed = line.parseArgs(FlagParser.withDashes(arguments));
      ParseResult last = parsed;
      String name = "";
      while (last.hasSubcommand()) {
        last = last.subcommand();
        name = (name + " " + last.commandSpec().name()).strip();
      }
      Command command = commands.get(name);
      if (last.isVersionHelpRequested()) {
        out.println("tenon " + Version.TEXT);
        return 0;
      }
      if (last.isUsageHelpRequested() || command == null) {
        last.commandSpec().commandLine().usage(out);
        return 0;
      }
      return command.run(last);
    } catch (ParameterException e) {
      err.println("tenon: " + Misspelling.explain(e));
      return MISUSED;
    } catch (UsageException e) {
      err.println("tenon: " + e.getMessage());
      return MISUSED;
    } catch (TenonException e) {
      err.println("tenon: " + e.getMessage());
      if (e.code().blame() == ErrorCode.Blame.INTERNAL) {
        e.printStackTrace(err);
      }
      return FAILED;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return FAILED;
    } catch (Exception e) {
      err.println("tenon: " + e);
      e.printStackTrace(err);
      return FAILED;
    }
  }

  /** Adds a command; a name of two words makes the first a group of commands. */
  private static void add(CommandLine line, String name, CommandSpec spec) {
    int space = name.indexOf(' ');
    if (space < 0) {
      line.addSubcommand(name, new CommandLine(spec).setUnmatchedArgumentsAllowed(false));
      return;
    }
    String group = name.substring(0, space);
    CommandLine inner = line.getSubcommands().get(group);
    if (inner == null) {
      CommandSpec groupSpec = CommandSpec.create().name(group).mixinStandardHelpOptions(true);
      groupSpec.usageMessage().description("See tenon " + name + " --help.");
      inner = new CommandLine(groupSpec);
      line.addSubcommand(group, inner);
    }
    add(inner, name.substring(space + 1), spec.name(name.substring(space + 1)));
  }

  private static Map<String, Command> commands(PrintStream out, PrintStream err) {
    Map<String, Command> commands = new LinkedHashMap<>();
    for (Command command :
        List.of(
            new ServeCommand(err),
            new ChatCommand(out, err),
            new LogitsCommand(out, err),
            new BenchServeCommand(out, err),
            new TuneMoeCommand(out),
            new PluginsCommand(out),
            new RehearseCommand())) {
      commands.put(command.spec().name(), command);
    }
    return commands;
  }

  private static CommandSpec root() {
    CommandSpec root = CommandSpec.create().name("tenon").mixinStandardHelpOptions(true);
    root.usageMessage()
        .description("Serves Qwen3-Next from the JVM, with an OpenAI-compatible API.")
        .footer(
            "",
            "tenon serve                 serve the demo model on http://localhost:8000",
            "tenon serve FOLDER          serve a checkpoint",
            "tenon bench serve           measure a server under load",
            "tenon tune moe FOLDER       find what suits this card's mixture of experts",
            "tenon <command> --help      flags of a command, named as vllm serve names them");
    return root;
  }
}
