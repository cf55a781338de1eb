package dev.tenon.backend.cuda.core;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How long each operation takes on the card, measured by events around it. Operations then run one
 * after another without overlapping, so that the sum exceeds an untimed step by what overlaps there
 * and by a microsecond or two per operation. One thread.
 */
final class OperationTimes {
  private final CudaDevice device;
  private final List<Long> events = new ArrayList<>();
  private final List<String> labels = new ArrayList<>();
  private final Map<String, Sum> sums = new TreeMap<>();
  private int steps;

  private static final class Sum {
    private double millis;
    private int count;
  }

  OperationTimes(CudaDevice device) {
    this.device = device;
  }

  /** Enqueues an operation between two events. */
  void around(String label, Runnable launch) {
    int at = 2 * labels.size();
    labels.add(label);
    while (events.size() < at + 2) {
      events.add(NativeCuda.createEvent(device.context(), true));
    }
    NativeCuda.recordEvent(device.context(), events.get(at), device.stream());
    launch.run();
    NativeCuda.recordEvent(device.context(), events.get(at + 1), device.stream());
  }

  /** Waits for the step and adds its times up. */
  void collect() {
    device.synchronize();
    for (int i = 0; i < labels.size(); i++) {
      Sum sum = sums.computeIfAbsent(labels.get(i), label -> new Sum());
      sum.millis +=
          NativeCuda.elapsedMillis(device.context(), events.get(2 * i), events.get(2 * i + 1));
      sum.count++;
    }
    labels.clear();
    steps++;
  }

  /** One line per kind of operation, the costliest first: per step, its runs and microseconds. */
  List<String> lines() {
    if (steps == 0) {
      return List.of();
    }
    double total = sums.values().stream().mapToDouble(sum -> sum.millis).sum();
    List<String> lines = new ArrayList<>();
    lines.add("%d steps of %.1f us in operations".formatted(steps, 1000 * total / steps));
    sums.entrySet().stream()
        .sorted(Comparator.comparingDouble(entry -> -entry.getValue().millis))
        .forEach(entry -> {
          Sum sum = entry.getValue();
          lines.add(
              "%6.1f %% %9.1f us a step, %6.1f times %9.2f us: %s"
                  .formatted(
                      100 * sum.millis / total,
                      1000 * sum.millis / steps,
                      (double) sum.count / steps,
                      1000 * sum.millis / sum.count,
                      entry.getKey()));
        });
    return lines;
  }

  /** Destroys the events. */
  void close() {
    events.forEach(event -> NativeCuda.destroyEvent(device.context(), event));
    events.clear();
  }
}
