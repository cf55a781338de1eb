package dev.tenon.engine.runtime.statistics;

import dev.tenon.api.EngineStatistics;
import dev.tenon.api.FinishReason;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts what the engine's thread does. Written by that thread alone; read by any. */
public final class StatisticsRecorder {
  private static final double NANOS = 1e-9;

  private final int pagesTotal;
  private final int slotsTotal;
  private final Counter running = new Counter();
  private final Counter waiting = new Counter();
  private final Counter pagesUsed = new Counter();
  private final Counter slotsUsed = new Counter();
  private final Counter steps = new Counter();
  private final Counter promptTokens = new Counter();
  private final Counter generationTokens = new Counter();
  private final Counter preemptions = new Counter();
  private final Counter drafts = new Counter();
  private final Counter draftTokens = new Counter();
  private final Counter acceptedTokens = new Counter();
  private final List<Counter> acceptedByPosition = new ArrayList<>();
  private final Map<FinishReason, Counter> finished = new EnumMap<>(FinishReason.class);
  private final HistogramRecorder timeToFirstToken = HistogramRecorder.ofSeconds(1e-3, 15);
  private final HistogramRecorder timeBetweenTokens = HistogramRecorder.ofSeconds(1e-4, 15);
  private final HistogramRecorder endToEnd = HistogramRecorder.ofSeconds(1e-2, 15);
  private final HistogramRecorder queueTime = HistogramRecorder.ofSeconds(1e-3, 15);
  private final HistogramRecorder requestPromptTokens = HistogramRecorder.ofTokens();
  private final HistogramRecorder requestGenerationTokens = HistogramRecorder.ofTokens();

  /**
   * A recorder.
   *
   * @param draftTokens drafts per step, 0 without speculation
   */
  public StatisticsRecorder(int pagesTotal, int slotsTotal, int draftTokens) {
    this.pagesTotal = pagesTotal;
    this.slotsTotal = slotsTotal;
    for (int i = 0; i < draftTokens; i++) {
      acceptedByPosition.add(new Counter());
    }
    for (FinishReason reason : FinishReason.values()) {
      finished.put(reason, new Counter());
    }
  }

  /** The present load. */
  public void load(int runningNow, int waitingNow, int pagesNow, int slotsNow) {
    running.set(runningNow);
    waiting.set(waitingNow);
    pagesUsed.set(pagesNow);
    slotsUsed.set(slotsNow);
  }

  /** A step ended. */
  public void stepDone() {
    steps.add(1);
  }

  /** Prompt tokens were processed for the first time. */
  public void promptProcessed(int tokens) {
    promptTokens.add(tokens);
  }

  /** Tokens of one sequence came, {@code nanos} after the ones before. */
  public void generated(int tokens, long nanos) {
    generationTokens.add(tokens);
    for (int i = 0; i < tokens; i++) {
      timeBetweenTokens.record(nanos * NANOS / tokens);
    }
  }

  /** A request's first token came. */
  public void firstToken(long nanosSinceSubmission) {
    timeToFirstToken.record(nanosSinceSubmission * NANOS);
  }

  /** A choice's first tokens came. */
  public void firstGenerated(int tokens) {
    generationTokens.add(tokens);
  }

  /** A request left the queue. */
  public void admitted(long nanosSinceSubmission) {
    queueTime.record(nanosSinceSubmission * NANOS);
  }

  /** Sequences lost their state. */
  public void preempted(int sequences) {
    preemptions.add(sequences);
  }

  /** Drafts of one sequence were verified. */
  public void verified(int proposed, int accepted) {
    drafts.add(1);
    draftTokens.add(proposed);
    acceptedTokens.add(accepted);
    for (int i = 0; i < accepted; i++) {
      acceptedByPosition.get(i).add(1);
    }
  }

  /** A choice ended. */
  public void choiceEnded(FinishReason reason, int promptLength, int outputLength) {
    Counter counter = finished.get(reason);
    if (counter != null) {
      counter.add(1);
    }
    requestPromptTokens.record(promptLength);
    requestGenerationTokens.record(outputLength);
  }

  /** A request ended. */
  public void requestEnded(long nanosSinceSubmission) {
    endToEnd.record(nanosSinceSubmission * NANOS);
  }

  /** What was counted so far. */
  public EngineStatistics snapshot() {
    Map<FinishReason, Long> ends = new EnumMap<>(FinishReason.class);
    finished.forEach((reason, counter) -> ends.put(reason, counter.read()));
    return new EngineStatistics(
        (int) running.read(),
        (int) waiting.read(),
        pagesTotal,
        (int) pagesUsed.read(),
        slotsTotal,
        (int) slotsUsed.read(),
        steps.read(),
        promptTokens.read(),
        generationTokens.read(),
        preemptions.read(),
        Map.copyOf(ends),
        drafts.read(),
        draftTokens.read(),
        acceptedTokens.read(),
        acceptedByPosition.stream().map(Counter::read).toList(),
        timeToFirstToken.read(),
        timeBetweenTokens.read(),
        endToEnd.read(),
        queueTime.read(),
        requestPromptTokens.read(),
        requestGenerationTokens.read());
  }
}
