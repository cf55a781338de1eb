package dev.tenon.benchmarks.engine;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Requests of random lengths that arrive at random; a third of them is left at a random moment, and
 * all that remain when the time is over. The others must bring exactly the tokens that they asked
 * for, and in the end nothing may be in use. Prints what happened every half minute, with the heap
 * that is left after a collection.
 */
final class Soak {
  private static final long SEED = 4711;
  private static final long REPORT_MILLIS = 30_000;
  private static final long RELEASE_MILLIS = 10_000;

  private final Engine engine;
  private final int streams;
  private final int input;
  private final int output;
  private final AtomicLong finished = new AtomicLong();
  private final AtomicLong left = new AtomicLong();
  private final AtomicLong tokens = new AtomicLong();
  private final AtomicReference<String> failure = new AtomicReference<>("");

  Soak(Engine engine, int streams, int input, int output) {
    this.engine = engine;
    this.streams = streams;
    this.input = input;
    this.output = output;
  }

  void run(int seconds) throws InterruptedException {
    System.out.printf("soak of %d s, %d streams, seed %d%n", seconds, streams, SEED);
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < streams; i++) {
        Random random = new Random(SEED + i);
        executor.execute(() -> stream(random, end));
      }
      while (System.nanoTime() < end && failure.get().isEmpty()) {
        Thread.sleep(Math.min(REPORT_MILLIS, Math.max(1, (end - System.nanoTime()) / 1_000_000)));
        report();
      }
    }
    report();
    if (!failure.get().isEmpty()) {
      throw new IllegalStateException(failure.get());
    }
    awaitNothingInUse();
    System.out.println(engine.statistics());
  }

  private void awaitNothingInUse() throws InterruptedException {
    long end = System.nanoTime() + RELEASE_MILLIS * 1_000_000;
    for (EngineStatistics now = engine.statistics(); ; now = engine.statistics()) {
      if (now.running() + now.waiting() + now.pagesUsed() + now.slotsUsed() == 0) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new IllegalStateException("in use after all streams were left: " + now);
      }
      Thread.sleep(10);
    }
  }

  private void report() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    System.out.printf(
        Locale.ROOT,
        "%,d finished, %,d left early, %,d tokens, %,d preemptions; heap %,d MB; health %s%n",
        finished.get(),
        left.get(),
        tokens.get(),
        engine.statistics().preemptions(),
        (runtime.totalMemory() - runtime.freeMemory()) / 1_000_000,
        engine.health());
  }

  private void stream(Random random, long end) {
    try {
      while (System.nanoTime() < end && failure.get().isEmpty()) {
        Thread.sleep(random.nextInt(200));
        one(random, end);
      }
    } catch (InterruptedException | RuntimeException e) {
      failure.set(String.valueOf(e));
    }
  }

  private void one(Random random, long end) throws InterruptedException {
    int[] prompt =
        random.ints(1 + random.nextInt(input), 0, engine.model().vocabularySize()).toArray();
    int wanted = 1 + random.nextInt(output);
    int leaveAfter = random.nextInt(3) == 0 ? random.nextInt(wanted) : wanted;
    int received = 0;
    SamplingParameters sampling =
        SamplingParameters.builder()
            .temperature(random.nextBoolean() ? 0.0 : 0.8)
            .maxTokens(wanted)
            .ignoreEndOfText(true)
            .build();
    try (GenerationStream stream =
        engine.submit(GenerationRequest.of(Prompt.of(prompt), sampling))) {
      for (GenerationEvent event = stream.next(); event != null; event = stream.next()) {
        if (event instanceof GenerationEvent.Delta delta) {
          received += delta.tokens().length;
          tokens.addAndGet(delta.tokens().length);
        }
        boolean leaves = leaveAfter < wanted && received >= leaveAfter;
        if (leaves || (received < wanted && System.nanoTime() >= end)) {
          left.incrementAndGet();
          return;
        }
      }
    }
    if (received != wanted) {
      throw new IllegalStateException(
          "a request for %d tokens after %d brought %d".formatted(wanted, prompt.length, received));
    }
    finished.incrementAndGet();
  }
}
