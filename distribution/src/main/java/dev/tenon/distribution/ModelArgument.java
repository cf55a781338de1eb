package dev.tenon.distribution;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** The model that a command is given, or the demo model that the image carries. */
final class ModelArgument {
  private ModelArgument() {}

  static void addTo(CommandSpec command) {
    command.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .type(String.class)
            .paramLabel("MODEL")
            .description(
                "Folder of the checkpoint, or a hub id in the Hugging Face cache. Default: the"
                    + " demo model.")
            .build());
  }

  /** What was given, as an argument or by {@code --model}, or the demo model. */
  static String model(ParseResult parsed, FlagValues flags) {
    Optional<String> argument = positional(parsed);
    return argument.or(() -> flags.text("model")).orElseGet(ModelArgument::demo);
  }

  /** Whether nothing was given. */
  static boolean isDemo(ParseResult parsed, FlagValues flags) {
    return positional(parsed).isEmpty() && flags.text("model").isEmpty();
  }

  private static Optional<String> positional(ParseResult parsed) {
    return parsed.hasMatchedPositional(0)
        ? Optional.of(String.valueOf(parsed.matchedPositional(0).getValue().toString()))
        : Optional.empty();
  }

  private static String demo() {
    List<Path> places =
        Optional.ofNullable(System.getProperty("tenon.home")).stream()
            .map(home -> Path.of(home, "models", "demo"))
            .toList();
    return places.stream()
        .filter(place -> Files.exists(place.resolve("config.json")))
        .findFirst()
        .map(Path::toString)
        .orElseThrow(() ->
            new UsageException(
                "no MODEL given, and this image carries no demo model"
                    + (places.isEmpty() ? "" : " in " + places.getFirst())
                    + "; give a folder or a hub id"));
  }
}
