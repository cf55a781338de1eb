package dev.tenon.benchmarks.runtime;

import com.sun.management.ThreadMXBean;
import dev.tenon.engine.runtime.scheduler.ActiveRequest;
import dev.tenon.engine.runtime.stream.RequestChannel;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Host time and allocation of a step with 256 decoding sequences, on a fake backend that answers at
 * once. The time includes the fake backend's own. Results are taken out of the streams between the
 * measured steps, or by a virtual thread per stream that sleeps until there are some.
 *
 * <p>Run: {@code java -cp <class path> dev.tenon.benchmarks.runtime.StepHostTime [steps]}.
 */
public final class StepHostTime {
  private static final int SEQUENCES = 256;
  private static final int[] CONTEXTS = {512, 4096, 32768};

  private StepHostTime() {}

  /** Prints one line per context length and number of drafts. */
  public static void main(String[] arguments) throws InterruptedException {
    int steps = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 3000;
    System.out.printf(
        Locale.ROOT,
        "%d sequences, %d steps, Java %s, %d processors%n",
        SEQUENCES,
        steps,
        Runtime.version(),
        Runtime.getRuntime().availableProcessors());
    for (int drafts : new int[] {0, 2}) {
      for (int context : CONTEXTS) {
        measure(context, drafts, steps, Readers.NONE);
      }
    }
    measure(CONTEXTS[0], 0, steps, Readers.VIRTUAL_THREADS);
  }

  /** Who takes results out of the streams. */
  private enum Readers {
    NONE,
    VIRTUAL_THREADS
  }

  private static void measure(int context, int drafts, int steps, Readers readers)
      throws InterruptedException {
    int warmup = steps / 2;
    int output = (warmup + steps + 16) * (1 + drafts);
    LoopOnFake loop = new LoopOnFake(SEQUENCES, context + output + 16, drafts);
    List<RequestChannel> channels = new ArrayList<>();
    List<ActiveRequest> requests = new ArrayList<>();
    for (int i = 0; i < SEQUENCES; i++) {
      RequestChannel channel = new RequestChannel();
      channels.add(channel);
      if (readers == Readers.VIRTUAL_THREADS) {
        Thread.ofVirtual().start(() -> read(channel));
      }
      requests.add(loop.submit(i, context, output, channel));
    }
    while (requests.stream().anyMatch(r -> r.choices().getFirst().outputLength() == 0)) {
      loop.step();
      drain(channels);
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long[] nanos = new long[steps];
    long allocated = 0;
    for (int i = -warmup; i < steps; i++) {
      long bytes = threads.getCurrentThreadAllocatedBytes();
      long start = System.nanoTime();
      loop.step();
      long time = System.nanoTime() - start;
      if (i >= 0) {
        nanos[i] = time;
        allocated += threads.getCurrentThreadAllocatedBytes() - bytes;
      }
      drain(channels);
    }
    channels.forEach(RequestChannel::close);
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "context %6d, %d drafts, readers %s: median %6.1f us, p90 %6.1f us, p99 %6.1f us; %7d bytes"
            + " a step%n",
        context,
        drafts,
        readers,
        nanos[steps / 2] / 1e3,
        nanos[steps * 9 / 10] / 1e3,
        nanos[steps * 99 / 100] / 1e3,
        allocated / steps);
  }

  private static void read(RequestChannel channel) {
    try {
      while (channel.poll(Long.MAX_VALUE / 2 + System.nanoTime()) != null) {
        Thread.onSpinWait();
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  private static void drain(List<RequestChannel> channels) {
    for (RequestChannel channel : channels) {
      while (channel.poll() != null) {
        Thread.onSpinWait();
      }
    }
  }
}
