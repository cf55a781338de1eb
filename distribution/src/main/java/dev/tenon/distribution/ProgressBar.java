package dev.tenon.distribution;

import dev.tenon.api.LoadProgress;
import java.io.PrintStream;
import java.util.Locale;

/** Draws how far loading has come; on a terminal in one line, elsewhere not at all. */
final class ProgressBar implements LoadProgress {
  private static final int WIDTH = 30;
  private static final long REDRAW_NANOS = 100_000_000;

  private final PrintStream err;
  private final boolean terminal;
  private String stage = "";
  private long drawn;

  ProgressBar(PrintStream err) {
    this.err = err;
    this.terminal = System.console() != null && System.console().isTerminal();
  }

  @Override
  public void progress(String newStage, long doneBytes, long totalBytes) {
    if (!terminal || totalBytes <= 0) {
      return;
    }
    boolean finished = doneBytes >= totalBytes;
    long now = System.nanoTime();
    if (newStage.equals(stage) && !finished && now - drawn < REDRAW_NANOS) {
      return;
    }
    stage = newStage;
    drawn = now;
    int filled = (int) (WIDTH * Math.min(doneBytes, totalBytes) / totalBytes);
    err.printf(
        Locale.ROOT,
        "\r%-10s [%s%s] %3d %% of %.1f MB%s",
        stage,
        "#".repeat(filled),
        ".".repeat(WIDTH - filled),
        100 * Math.min(doneBytes, totalBytes) / totalBytes,
        totalBytes / 1e6,
        finished ? "\n" : "");
    err.flush();
  }
}
