package dev.tenon.distribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Builds picocli options from the flag tables, and reads them back. */
final class FlagParser {
  private FlagParser() {}

  /** Adds the flags, and the refusals of those that are known but not offered. */
  static void addTo(CommandSpec command, List<Flag> flags) {
    flags.forEach(flag -> command.addOption(option(flag)));
    UnofferedFlags.REASONS.keySet().stream()
        .filter(name -> flags.stream().noneMatch(flag -> flag.name().equals(name)))
        .forEach(name ->
            command.addOption(
                OptionSpec.builder("--" + name, "--no-" + name)
                    .hidden(true)
                    .arity("0..*")
                    .type(List.class)
                    .auxiliaryTypes(String.class)
                    .build()));
  }

  /** The values given, or a refusal. */
  static FlagValues read(CommandLine.ParseResult parsed, List<Flag> flags) {
    UnofferedFlags.REASONS.forEach((name, reason) -> {
      if (parsed.hasMatchedOption("--" + name)) {
        throw new UsageException("--" + name + ": " + reason);
      }
    });
    Map<String, List<String>> values = new HashMap<>();
    for (Flag flag : flags) {
      if (parsed.hasMatchedOption(flag.option())) {
        Object value = parsed.matchedOption(flag.option()).getValue();
        values.put(
            flag.name(),
            value instanceof List<?> list
                ? list.stream().map(String::valueOf).toList()
                : List.of(String.valueOf(value)));
      }
    }
    return new FlagValues(values);
  }

  /** vLLM takes {@code _} for {@code -} in flag names, and so do we. */
  static String[] withDashes(String[] arguments) {
    return Arrays.stream(arguments).map(FlagParser::withDashes).toArray(String[]::new);
  }

  private static String withDashes(String argument) {
    if (!argument.startsWith("--")) {
      return argument;
    }
    int end = argument.indexOf('=') < 0 ? argument.length() : argument.indexOf('=');
    return argument.substring(0, end).replace('_', '-') + argument.substring(end);
  }

  private static OptionSpec option(Flag flag) {
    List<String> names = new ArrayList<>(flag.aliases());
    names.add(flag.option());
    OptionSpec.Builder option =
        OptionSpec.builder(names.toArray(String[]::new)).description(escaped(flag.help()));
    return switch (flag.kind()) {
      case VALUE -> option.arity("1").type(String.class).paramLabel(flag.label()).build();
      case VALUES ->
          option
              .arity("1..*")
              .type(List.class)
              .auxiliaryTypes(String.class)
              .paramLabel(flag.label())
              .build();
      case SWITCH -> option.arity("0").type(boolean.class).build();
      case NEGATABLE -> option.arity("0").type(boolean.class).negatable(true).build();
    };
  }

  private static String escaped(String help) {
    return help.replace("%", "%%").replace("@", "@@");
  }
}
