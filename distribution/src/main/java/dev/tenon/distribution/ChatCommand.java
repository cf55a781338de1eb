package dev.tenon.distribution;

import dev.tenon.api.ChatPrompt;
import dev.tenon.api.Engine;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SamplingParametersBuilder;
import dev.tenon.api.TenonException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A conversation in the terminal, streamed, with the engine in this process. */
final class ChatCommand extends EngineCommand {
  private static final List<Flag> OWN =
      List.of(
          Flag.value("system-prompt", "TEXT", "System message that opens the conversation."),
          Flag.value("temperature", "T", "0 is greedy. Default: the checkpoint's own."),
          Flag.value("max-tokens", "N", "Longest answer. Default: what the context holds."));

  private final PrintStream out;
  private final PrintStream err;

  ChatCommand(PrintStream out, PrintStream err) {
    super("chat", "Talks with a model in the terminal. /reset forgets, /exit or Ctrl-D ends.", OWN);
    this.out = out;
    this.err = err;
  }

  @Override
  int run(Given given) throws IOException, InterruptedException {
    SamplingParameters sampling = sampling(given.flags());
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (Engine engine = given.open(new ProgressBar(err))) {
      engine.description().forEach(line -> err.println("  " + line));
      List<Map<String, Object>> opening =
          given.flags().text("system-prompt").map(text -> message("system", text)).stream()
              .toList();
      List<Map<String, Object>> messages = new ArrayList<>(opening);
      for (String line = ask(input); line != null; line = ask(input)) {
        switch (line.strip()) {
          case "" -> {}
          case "/exit", "/quit" -> {
            return 0;
          }
          case "/reset" -> {
            messages = new ArrayList<>(opening);
            err.println("(forgotten)");
          }
          default -> answer(engine, messages, line, sampling);
        }
      }
    }
    return 0;
  }

  private void answer(
      Engine engine, List<Map<String, Object>> messages, String line, SamplingParameters sampling)
      throws InterruptedException {
    messages.add(message("user", line));
    ChatPrompt prompt =
        new ChatPrompt(messages, List.of(), ChatPrompt.Ending.GENERATION_PROMPT, Map.of());
    StringBuilder answer = new StringBuilder();
    try (GenerationStream stream =
        engine.submit(GenerationRequest.of(new Prompt.Chat(prompt), sampling))) {
      for (GenerationEvent event = stream.next(); event != null; event = stream.next()) {
        if (event instanceof GenerationEvent.Delta delta) {
          out.print(delta.text());
          out.flush();
          answer.append(delta.text());
        }
      }
      out.println();
      messages.add(message("assistant", answer.toString()));
    } catch (TenonException e) {
      messages.removeLast();
      err.println(e.getMessage());
    }
  }

  private @Nullable String ask(BufferedReader input) throws IOException {
    err.print("> ");
    err.flush();
    return input.readLine();
  }

  private static Map<String, Object> message(String role, String content) {
    return Map.of("role", role, "content", content);
  }

  private static SamplingParameters sampling(FlagValues values) {
    SamplingParametersBuilder sampling = SamplingParameters.builder();
    values
        .text("temperature")
        .ifPresent(text -> {
          try {
            sampling.temperature(Double.valueOf(text));
          } catch (NumberFormatException e) {
            throw new UsageException("--temperature " + text + ": give a number, e.g. 0.7");
          }
        });
    values.count("max-tokens").ifPresent(sampling::maxTokens);
    return sampling.build();
  }
}
