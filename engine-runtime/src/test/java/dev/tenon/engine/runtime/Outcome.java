package dev.tenon.engine.runtime;

import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** All events of a stream, sorted by choice. */
final class Outcome {
  final List<GenerationEvent> events = new ArrayList<>();
  final Map<Integer, List<Integer>> tokens = new TreeMap<>();
  final Map<Integer, StringBuilder> text = new TreeMap<>();
  final Map<Integer, GenerationEvent.Finished> ends = new TreeMap<>();

  static Outcome of(GenerationStream stream) throws InterruptedException {
    Outcome outcome = new Outcome();
    for (GenerationEvent event = stream.next(); event != null; event = stream.next()) {
      outcome.add(event);
    }
    return outcome;
  }

  void add(GenerationEvent event) {
    events.add(event);
    switch (event) {
      case GenerationEvent.Delta delta -> {
        List<Integer> all = tokens.computeIfAbsent(delta.choice(), c -> new ArrayList<>());
        Arrays.stream(delta.tokens()).forEach(all::add);
        text.computeIfAbsent(delta.choice(), c -> new StringBuilder()).append(delta.text());
      }
      case GenerationEvent.Finished finished -> {
        if (ends.put(finished.choice(), finished) != null) {
          throw new AssertionError("choice " + finished.choice() + " ended twice");
        }
      }
      default -> {}
    }
  }

  int[] tokens(int choice) {
    return tokens.getOrDefault(choice, List.of()).stream().mapToInt(Integer::intValue).toArray();
  }

  /** How a choice ended. */
  GenerationEvent.Finished end(int choice) {
    return Objects.requireNonNull(ends.get(choice), "choice has not ended");
  }

  String text(int choice) {
    return text.getOrDefault(choice, new StringBuilder()).toString();
  }

  /** Positions of the events of a kind. */
  int[] positions(Class<? extends GenerationEvent> kind) {
    return IntStream.range(0, events.size()).filter(i -> kind.isInstance(events.get(i))).toArray();
  }
}
