package dev.tenon.distribution;

import dev.tenon.api.Engine;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SpeculationConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Greedy tokens and last-position logits for prompts of token ids, all submitted at once to the
 * engine that serves: to hold a checkpoint against another implementation.
 */
final class LogitsCommand extends EngineCommand {
  private static final List<Flag> OWN =
      List.of(
          Flag.value("ids", "FILE", "One JSON array of token ids a line."),
          Flag.value("max-tokens", "N", "Greedy tokens per prompt. Default: 16."),
          Flag.value("drafts", "K", "Also report K draft tokens after the first token."));

  private final PrintStream out;
  private final PrintStream err;

  LogitsCommand(PrintStream out, PrintStream err) {
    super(
        "logits",
        "Prints one JSON line per prompt: greedy tokens and the logits at the last prompt"
            + " position.",
        OWN);
    this.out = out;
    this.err = err;
  }

  @Override
  int run(Given given) throws IOException, InterruptedException {
    FlagValues values = given.flags();
    Path file =
        values
            .text("ids")
            .map(Path::of)
            .orElseThrow(() -> new UsageException("--ids FILE is missing"));
    int maxTokens = values.count("max-tokens").orElse(16);
    int drafts = values.count("drafts").orElse(0);
    List<int[]> prompts = prompts(file);
    try (Engine engine = drafting(given, drafts).open(new ProgressBar(err))) {
      List<GenerationRequest> requests =
          prompts.stream().map(prompt -> request(prompt, maxTokens, drafts)).toList();
      for (GenerationStream stream : engine.submitAll(requests)) {
        out.println(answer(stream, maxTokens, drafts));
      }
      out.flush();
      engine.description().forEach(err::println);
      err.println(
          "preemptions: "
              + engine.statistics().preemptions()
              + ", steps: "
              + engine.statistics().steps());
    }
    return 0;
  }

  private static Given drafting(Given given, int drafts) {
    if (drafts == 0) {
      return given;
    }
    SpeculationConfig speculation =
        given
            .flags()
            .text("speculative-config")
            .map(SpeculativeConfigFlag::parse)
            .orElse(new SpeculationConfig("mtp", drafts));
    return given.with(
        "speculative-config",
        JsonText.write(
            Map.of(
                "method",
                speculation.method(),
                "num_speculative_tokens",
                Math.max(drafts, speculation.draftTokens()))));
  }

  private static GenerationRequest request(int[] prompt, int maxTokens, int drafts) {
    GenerationRequest plain =
        GenerationRequest.of(
            Prompt.of(prompt),
            SamplingParameters.builder()
                .temperature(0.0)
                .repetitionPenalty(1.0)
                .maxTokens(maxTokens)
                .ignoreEndOfText(true)
                .build());
    return new GenerationRequest(
        plain.id(),
        plain.prompt(),
        plain.sampling(),
        plain.priority(),
        new GenerationRequest.Diagnostics(drafts));
  }

  private static String answer(GenerationStream stream, int maxTokens, int drafts)
      throws InterruptedException {
    List<Integer> tokens = new ArrayList<>(maxTokens);
    GenerationEvent.Diagnosis diagnosis = new GenerationEvent.Diagnosis(new float[0], new int[0]);
    for (GenerationEvent event = stream.next(); event != null; event = stream.next()) {
      if (event instanceof GenerationEvent.Delta delta) {
        for (int token : delta.tokens()) {
          tokens.add(token);
        }
      } else if (event instanceof GenerationEvent.Diagnosis found) {
        diagnosis = found;
      }
    }
    StringBuilder line = new StringBuilder("{\"tokens\":").append(tokens).append(",\"logits\":[");
    for (int i = 0; i < diagnosis.logits().length; i++) {
      line.append(i == 0 ? "" : ",").append(diagnosis.logits()[i]);
    }
    line.append(']');
    if (drafts > 0) {
      line.append(",\"drafts\":").append(Arrays.toString(diagnosis.drafts()));
    }
    return line.append('}').toString();
  }

  private static List<int[]> prompts(Path file) throws IOException {
    List<int[]> prompts = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
        if (line.isBlank()) {
          continue;
        }
        int[] ids = JsonText.ids(line);
        if (ids == null) {
          throw new UsageException(
              file + ", prompt " + (prompts.size() + 1) + ": not a JSON array of token ids");
        }
        prompts.add(ids);
      }
    } catch (NoSuchFileException e) {
      throw new UsageException("--ids " + file + ": no such file");
    }
    if (prompts.isEmpty()) {
      throw new UsageException("--ids " + file + " has no prompts; give one JSON array a line");
    }
    return prompts;
  }
}
