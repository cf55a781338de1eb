package dev.tenon.benchmarks.engine;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.EngineFactory;
import dev.tenon.api.LoadFormat;
import dev.tenon.api.SpeculationConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Workloads on an engine in this process, random prompts, greedy, run to their length. A workload
 * is one of
 *
 * <pre>
 *   first:IN[:TIMES]       time to the first token of one prompt, idle; median of five, or so many
 *   tokens:IN:OUT          a digest of the tokens of one request, to compare runs by
 *   decode:STREAMS:IN:OUT  all at once; the rate while all of them decode
 *   load:REQUESTS:CONCURRENCY:IN:OUT   the guide's benchmark
 *   soak:SECONDS:STREAMS:IN:OUT   random lengths up to these, a third of the requests left early
 * </pre>
 */
public final class EngineLoad {
  private final Engine engine;
  private final Random random = new Random(1);

  private EngineLoad(Engine engine) {
    this.engine = engine;
  }

  /** Arguments: checkpoint, then {@code key=value} options and workloads in any order. */
  public static void main(String[] arguments) throws Exception {
    long start = System.nanoTime();
    EngineConfigBuilder builder = EngineConfig.builder(arguments[0]);
    List<String> workloads = new ArrayList<>();
    Map<String, String> backendOptions = new HashMap<>();
    for (String argument : List.of(arguments).subList(1, arguments.length)) {
      int equals = argument.indexOf('=');
      if (equals < 0) {
        workloads.add(argument);
      } else {
        set(builder, argument.substring(0, equals), argument.substring(equals + 1), backendOptions);
      }
    }
    PhaseTimes phases = new PhaseTimes();
    try (Engine engine =
        EngineFactory.installed().open(builder.backendOptions(backendOptions).build(), phases)) {
      engine.description().forEach(System.out::println);
      phases.lines().forEach(System.out::println);
      System.out.printf(Locale.ROOT, "ready after %.1f s%n", (System.nanoTime() - start) / 1e9);
      EngineLoad load = new EngineLoad(engine);
      for (String workload : workloads) {
        load.run(workload);
      }
    }
  }

  private static void set(
      EngineConfigBuilder builder, String key, String value, Map<String, String> backendOptions) {
    switch (key) {
      case "backend" -> builder.backend(value);
      case "dummy" -> builder.loadFormat(LoadFormat.DUMMY);
      case "drafts" ->
          builder.speculation(new SpeculationConfig("qwen3_next_mtp", Integer.parseInt(value)));
      case "max-model-len" -> builder.maxModelLen(Integer.parseInt(value));
      case "max-num-seqs" -> builder.maxNumSeqs(Integer.parseInt(value));
      case "max-num-batched-tokens" -> builder.maxNumBatchedTokens(Integer.parseInt(value));
      case "gpu-memory-utilization" -> builder.memoryUtilization(Double.parseDouble(value));
      case "tensor-parallel-size" -> builder.tensorParallelSize(Integer.parseInt(value));
      default -> backendOptions.put(key, value);
    }
  }

  private void run(String workload) throws InterruptedException, ExecutionException {
    String[] parts = workload.split(":", -1);
    switch (parts[0]) {
      case "first" -> first(number(parts, 1), parts.length > 2 ? number(parts, 2) : 5);
      case "tokens" -> tokens(number(parts, 1), number(parts, 2));
      case "decode" -> decode(number(parts, 1), number(parts, 2), number(parts, 3));
      case "soak" ->
          new Soak(engine, number(parts, 2), number(parts, 3), number(parts, 4))
              .run(number(parts, 1));
      case "load" -> load(number(parts, 1), number(parts, 2), number(parts, 3), number(parts, 4));
      default -> throw new IllegalArgumentException("unknown workload " + workload);
    }
  }

  private static int number(String[] parts, int index) {
    return Integer.parseInt(parts[index]);
  }

  private void first(int input, int count) throws InterruptedException {
    List<Double> times = new ArrayList<>();
    for (int i = -1; i < count; i++) {
      StreamTimes one = StreamTimes.run(engine, prompt(input), 1);
      if (i >= 0) {
        times.add(one.millisToFirst());
      }
    }
    Collections.sort(times);
    System.out.printf(
        Locale.ROOT,
        "first token of %,d: %.1f ms median, %.1f … %.1f (%.0f tok/s)%n",
        input,
        percentile(times, 50),
        times.getFirst(),
        times.getLast(),
        input * 1000 / percentile(times, 50));
  }

  private void tokens(int input, int output) throws InterruptedException {
    StreamTimes one = StreamTimes.run(engine, prompt(input), output);
    System.out.printf(
        Locale.ROOT,
        "tokens of a prompt of %,d: %d, digest %08x%n",
        input,
        one.tokens(),
        one.digest());
  }

  private void decode(int streams, int input, int output)
      throws InterruptedException, ExecutionException {
    List<StreamTimes> all = submit(streams, streams, input, output);
    long from = all.stream().mapToLong(StreamTimes::first).max().orElseThrow();
    long to = all.stream().mapToLong(StreamTimes::last).min().orElseThrow();
    int tokens = all.stream().mapToInt(one -> one.tokensBetween(from, to)).sum();
    List<Double> gaps = gaps(all);
    double seconds = (to - from) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "decode of %d streams, %,d in, %,d out: %.0f tok/s while all decode (%.2f s), gaps %.2f ms"
            + " median, %.2f ms p99%n",
        streams,
        input,
        output,
        tokens / seconds,
        seconds,
        percentile(gaps, 50),
        percentile(gaps, 99));
  }

  private void load(int requests, int concurrency, int input, int output)
      throws InterruptedException, ExecutionException {
    long start = System.nanoTime();
    List<StreamTimes> all = submit(requests, concurrency, input, output);
    double seconds = (System.nanoTime() - start) / 1e9;
    long tokens = all.stream().mapToLong(StreamTimes::tokens).sum();
    List<Double> firsts = new ArrayList<>(all.stream().map(StreamTimes::millisToFirst).toList());
    Collections.sort(firsts);
    List<Double> gaps = gaps(all);
    System.out.printf(
        Locale.ROOT,
        "load of %d requests, %d at once, %,d in, %,d out: %.1f s, %.0f output tok/s; first token %.0f"
            + " ms median, %.0f ms p99; gaps %.2f ms median, %.2f ms p99%n",
        requests,
        concurrency,
        input,
        output,
        seconds,
        tokens / seconds,
        percentile(firsts, 50),
        percentile(firsts, 99),
        percentile(gaps, 50),
        percentile(gaps, 99));
  }

  private List<StreamTimes> submit(int requests, int concurrency, int input, int output)
      throws InterruptedException, ExecutionException {
    Semaphore room = new Semaphore(concurrency);
    List<Callable<StreamTimes>> calls = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      int[] prompt = prompt(input);
      calls.add(() -> {
        room.acquire();
        try {
          return StreamTimes.run(engine, prompt, output);
        } finally {
          room.release();
        }
      });
    }
    List<StreamTimes> all = new ArrayList<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<StreamTimes> one : executor.invokeAll(calls)) {
        all.add(one.get());
      }
    }
    return all;
  }

  private int[] prompt(int tokens) {
    return random.ints(tokens, 0, engine.model().vocabularySize()).toArray();
  }

  private static List<Double> gaps(List<StreamTimes> all) {
    List<Double> gaps = new ArrayList<>();
    all.forEach(one -> gaps.addAll(one.gaps()));
    Collections.sort(gaps);
    return gaps;
  }

  private static double percentile(List<Double> sorted, int percent) {
    return sorted.isEmpty()
        ? 0
        : sorted.get(Math.min(sorted.size() - 1, sorted.size() * percent / 100));
  }
}
