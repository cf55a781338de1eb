package dev.tenon.benchmarks.engine;

import dev.tenon.api.LoadProgress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How long each stage of an engine's opening took, and at what rate. */
final class PhaseTimes implements LoadProgress {
  private final Map<String, Phase> phases = new LinkedHashMap<>();

  /** A stage from its first report to its last. */
  private static final class Phase {
    private final long start = System.nanoTime();
    private long end = start;
    private long bytes;
  }

  @Override
  public void progress(String stage, long doneBytes, long totalBytes) {
    Phase phase = phases.computeIfAbsent(stage, name -> new Phase());
    phase.end = System.nanoTime();
    phase.bytes = doneBytes;
  }

  /** One line per stage. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    phases.forEach((stage, phase) -> {
      double seconds = (phase.end - phase.start) / 1e9;
      if (seconds > 0 && phase.bytes > 0) {
        lines.add(
            String.format(
                Locale.ROOT,
                "%s: %.2f GB in %.2f s, %.1f GB/s",
                stage,
                phase.bytes / 1e9,
                seconds,
                phase.bytes / 1e9 / seconds));
      }
    });
    return lines;
  }
}
