package dev.tenon.distribution.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tenon.distribution.bench.LoadPlan.AnswerEnd;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final long MILLI = 1_000_000;

  private static LoadPlan plan(double rate, double burstiness) {
    return new LoadPlan(
        "m",
        "/v1/completions",
        2000,
        4,
        3,
        0.5,
        2,
        rate,
        burstiness,
        1,
        AnswerEnd.BY_ITSELF,
        0,
        50,
        0);
  }

  private static Outcome outcome(int tokens, long... millis) {
    return new Outcome(
        0, Arrays.stream(millis).map(time -> time * MILLI).toArray(), 10, tokens, "");
  }

  @Test
  void timesAreThoseOfTheirDefinitions() {
    Measurement measurement =
        new Measurement(
            List.of(
                outcome(5, 10, 30, 70), // two drafts were accepted: five tokens in three chunks
                outcome(1, 20),
                Outcome.failed(0, "status 500: broken")),
            2);
    List<String> lines =
        new Report(
                plan(Double.POSITIVE_INFINITY, 1),
                measurement,
                List.of("ttft", "tpot", "itl"),
                List.of(99.0))
            .lines();
    assertThat(lines)
        .containsExactly(
            "============ Serving Benchmark Result ============",
            "Successful requests:                     2         ",
            "Failed requests:                         1         ",
            "Maximum request concurrency:             2         ",
            "Benchmark duration (s):                  2.00      ",
            "Total input tokens:                      20        ",
            "Total generated tokens:                  6         ",
            "Request throughput (req/s):              1.00      ",
            "Output token throughput (tok/s):         3.00      ",
            "Total Token throughput (tok/s):          13.00     ",
            "---------------Time to First Token----------------",
            "Mean TTFT (ms):                          15.00     ",
            "Median TTFT (ms):                        15.00     ",
            "P99 TTFT (ms):                           19.90     ",
            "-----Time per Output Token (excl. 1st token)------",
            "Mean TPOT (ms):                          15.00     ",
            "Median TPOT (ms):                        15.00     ",
            "P99 TPOT (ms):                           15.00     ",
            "---------------Inter-token Latency----------------",
            "Mean ITL (ms):                           30.00     ",
            "Median ITL (ms):                         30.00     ",
            "P99 ITL (ms):                            39.80     ",
            "==================================================");
  }

  @Test
  void arrivalsKeepTheRateAndTheSeed() {
    for (double burstiness : new double[] {0.3, 1, 4}) {
      long[] times = Arrivals.of(plan(100, burstiness));
      assertThat(times).isSorted().isEqualTo(Arrivals.of(plan(100, burstiness)));
      // 2,000 gaps of mean 10 ms; a standard deviation of the mean is at most 0.41 ms.
      assertThat(times[times.length - 1] / 1e6 / times.length).isCloseTo(10, within(2.0));
    }
    assertThat(Arrivals.of(plan(Double.POSITIVE_INFINITY, 1))).containsOnly(0);
  }

  @Test
  void lengthsAndIdsStayInTheirRanges() {
    LoadPlan plan = plan(1, 1);
    assertThat(RandomRequests.of(plan, 500, 7))
        .allSatisfy(request -> {
          assertThat(request.prompt().length).isBetween(2, 6);
          assertThat(request.outputTokens()).isBetween(1, 5);
          assertThat(Arrays.stream(request.prompt())).allMatch(id -> id >= 0 && id < 50);
        });
  }
}
