package dev.tenon.distribution.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a run measured.
 *
 * @param outcomes of its requests, in their order
 * @param seconds from the first request's sending to the last answer's end
 */
public record Measurement(List<Outcome> outcomes, double seconds) {
  /** A time that is measured, each in milliseconds. */
  enum Metric {
    TTFT("ttft", "Time to First Token"),
    TPOT("tpot", "Time per Output Token (excl. 1st token)"),
    ITL("itl", "Inter-token Latency"),
    E2EL("e2el", "End-to-end Latency");

    private final String id;
    private final String title;

    Metric(String id, String title) {
      this.id = id;
      this.title = title;
    }

    String id() {
      return id;
    }

    String title() {
      return title;
    }
  }

  private List<Outcome> successes() {
    return outcomes.stream().filter(Outcome::succeeded).toList();
  }

  /** Requests that were answered. */
  public int succeeded() {
    return successes().size();
  }

  /** Requests that were not. */
  public int failed() {
    return outcomes.size() - succeeded();
  }

  /** Why the first of those that failed did. */
  public Optional<String> firstError() {
    return outcomes.stream().map(Outcome::error).filter(error -> !error.isEmpty()).findFirst();
  }

  long inputTokens() {
    return outcomes.stream().mapToLong(Outcome::promptTokens).sum();
  }

  long outputTokens() {
    return outcomes.stream().mapToLong(Outcome::outputTokens).sum();
  }

  Sample sample(Metric metric) {
    List<Outcome> all = successes();
    return new Sample(
        switch (metric) {
          case TTFT -> all.stream().mapToDouble(Outcome::timeToFirstToken).toArray();
          case TPOT ->
              all.stream()
                  .filter(outcome -> outcome.outputTokens() > 1)
                  .mapToDouble(Outcome::timePerOutputToken)
                  .toArray();
          case ITL ->
              all.stream()
                  .flatMapToDouble(outcome -> Arrays.stream(outcome.interTokenLatencies()))
                  .toArray();
          case E2EL -> all.stream().mapToDouble(Outcome::latency).toArray();
        });
  }
}
