package dev.tenon.benchmarks.engine;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * Prefill and decode rates of one stream, as {@code llama-bench -p P -n N} measures them: P random
 * tokens at once, and N tokens one by one, several times; medians and spread.
 */
public final class SingleStream {
  private SingleStream() {}

  /** Arguments: checkpoint, prompt tokens, output tokens, repetitions, threads. */
  public static void main(String[] arguments) throws InterruptedException {
    String model = arguments[0];
    int promptTokens = Integer.parseInt(arguments[1]);
    int outputTokens = Integer.parseInt(arguments[2]);
    int repetitions = Integer.parseInt(arguments[3]);
    int threads = Integer.parseInt(arguments[4]);
    EngineConfig config =
        EngineConfig.builder(model)
            .threads(threads)
            .maxNumSeqs(1)
            .maxNumBatchedTokens(promptTokens)
            .maxModelLen(promptTokens + outputTokens + 16)
            .build();
    Random random = new Random(1);
    try (Engine engine = Engine.open(config)) {
      engine.description().forEach(System.err::println);
      int vocabulary = engine.model().vocabularySize();
      double[] prefill = new double[repetitions];
      double[] decode = new double[repetitions];
      for (int i = -2; i < repetitions; i++) {
        int[] prompt = random.ints(promptTokens, 0, vocabulary).toArray();
        double promptSeconds = run(engine, prompt, 1);
        double decodeSeconds = run(engine, new int[] {1}, outputTokens + 1);
        if (i >= 0) {
          prefill[i] = promptTokens / promptSeconds;
          decode[i] = outputTokens / decodeSeconds;
        }
      }
      print("prefill of " + promptTokens + " tokens", prefill);
      print("decode of " + outputTokens + " tokens", decode);
    }
  }

  /** Seconds to the first token if only one is wanted, else from the first to the last. */
  private static double run(Engine engine, int[] prompt, int tokens) throws InterruptedException {
    long start = System.nanoTime();
    long first = 0;
    long last = start;
    try (GenerationStream stream =
        engine.submit(
            GenerationRequest.of(
                Prompt.of(prompt),
                SamplingParameters.builder()
                    .temperature(0.0)
                    .maxTokens(tokens)
                    .ignoreEndOfText(true)
                    .build()))) {
      for (GenerationEvent event = stream.next(); event != null; event = stream.next()) {
        if (event instanceof GenerationEvent.Delta delta && delta.tokens().length > 0) {
          last = System.nanoTime();
          first = first == 0 ? last : first;
        }
      }
    }
    return (tokens == 1 ? last - start : last - first) / 1e9;
  }

  private static void print(String what, double[] rates) {
    double[] sorted = rates.clone();
    Arrays.sort(sorted);
    System.out.printf(
        Locale.ROOT,
        "%-26s %9.1f tok/s median, %.1f … %.1f over %d runs%n",
        what,
        sorted[sorted.length / 2],
        sorted[0],
        sorted[sorted.length - 1],
        sorted.length);
  }
}
