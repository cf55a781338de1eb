package dev.tenon.benchmarks.engine;

import dev.tenon.api.Engine;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import java.util.ArrayList;
import java.util.List;

/**
 * When one request's tokens arrived.
 *
 * @param submitted when it was submitted, {@link System#nanoTime}
 * @param arrivals per delta with tokens
 * @param counts tokens of each of these deltas
 * @param digest of the tokens' ids: other ids, most likely another digest
 */
record StreamTimes(long submitted, List<Long> arrivals, List<Integer> counts, int digest) {
  /** Runs a greedy request to its length, whatever it generates. */
  static StreamTimes run(Engine engine, int[] prompt, int tokens) throws InterruptedException {
    long submitted = System.nanoTime();
    List<Long> arrivals = new ArrayList<>();
    List<Integer> counts = new ArrayList<>();
    int digest = 1;
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
          arrivals.add(System.nanoTime());
          counts.add(delta.tokens().length);
          for (int token : delta.tokens()) {
            digest = 31 * digest + token;
          }
        }
      }
    }
    return new StreamTimes(submitted, arrivals, counts, digest);
  }

  long first() {
    return arrivals.getFirst();
  }

  long last() {
    return arrivals.getLast();
  }

  int tokens() {
    return counts.stream().mapToInt(Integer::intValue).sum();
  }

  /** Tokens that arrived after one moment and not after another. */
  int tokensBetween(long from, long to) {
    int sum = 0;
    for (int i = 0; i < arrivals.size(); i++) {
      if (arrivals.get(i) > from && arrivals.get(i) <= to) {
        sum += counts.get(i);
      }
    }
    return sum;
  }

  double millisToFirst() {
    return (first() - submitted) / 1e6;
  }

  /** Milliseconds between neighbouring deltas. */
  List<Double> gaps() {
    List<Double> gaps = new ArrayList<>();
    for (int i = 1; i < arrivals.size(); i++) {
      gaps.add((arrivals.get(i) - arrivals.get(i - 1)) / 1e6);
    }
    return gaps;
  }
}
