package dev.tenon.distribution.bench;

import dev.tenon.distribution.bench.RandomRequests.RandomRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Puts a load on a server and collects what became of it. */
public final class LoadRun {
  private final LoadPlan plan;
  private final ServerCalls calls;
  private final RunProgress progress;

  /** A run, not started yet. */
  public LoadRun(Target target, LoadPlan plan, RunProgress progress) {
    this.plan = plan;
    this.calls = new ServerCalls(target, plan);
    this.progress = progress;
  }

  /**
   * Sends one request, to fail early, and those that warm the server; none is measured.
   *
   * @throws IOException if the first fails
   */
  public void warmUp() throws IOException, InterruptedException {
    // A seed of its own: a server with a prefix cache must not know the measured prompts.
    List<RandomRequest> requests = RandomRequests.of(plan, 1 + plan.warmups(), ~plan.seed());
    RandomRequest first = requests.getFirst();
    Outcome outcome = calls.run(first, calls.body(first), count -> {});
    if (!outcome.succeeded()) {
      throw new IOException("the first request to " + calls.address() + ": " + outcome.error());
    }
    List<RandomRequest> more = requests.subList(1, requests.size());
    run(more, new long[more.size()], RunProgress.NONE);
  }

  /** Runs it to the end. */
  public Measurement run() throws InterruptedException {
    List<RandomRequest> requests = RandomRequests.of(plan, plan.requests(), plan.seed());
    long started = System.nanoTime();
    List<Outcome> outcomes = run(requests, Arrivals.of(plan), progress);
    long ended = System.nanoTime();
    progress.end();
    return new Measurement(outcomes, (ended - started) / 1e9);
  }

  private List<Outcome> run(List<RandomRequest> requests, long[] arrivals, RunProgress shown)
      throws InterruptedException {
    int most = plan.maxConcurrency() == 0 ? Integer.MAX_VALUE : plan.maxConcurrency();
    Semaphore free = new Semaphore(most, true);
    long started = System.nanoTime();
    List<Future<Outcome>> running = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < requests.size(); i++) {
        RandomRequest request = requests.get(i);
        long early = started + arrivals[i] - System.nanoTime();
        if (early > 0) {
          TimeUnit.NANOSECONDS.sleep(early);
        }
        running.add(
            threads.submit(() -> {
              free.acquire();
              try {
                Outcome outcome = calls.run(request, calls.body(request), shown::chunks);
                shown.request();
                return outcome;
              } finally {
                free.release();
              }
            }));
      }
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (Future<Outcome> future : running) {
      try {
        outcomes.add(future.get());
      } catch (ExecutionException e) {
        outcomes.add(Outcome.failed(started, String.valueOf(e.getCause())));
      }
    }
    return outcomes;
  }
}
