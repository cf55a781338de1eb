package dev.tenon.backend.cuda.core.step;

import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A batch on its way: what is needed to read its results. */
public final class LaunchedStep {
  private final StepBatch batch;
  private final StepShape shape;
  private final SlotSampling[] samplings;
  private final MemorySegment results;
  private final MemorySegment logprobs;
  private final Map<Integer, MemorySegment> wholeRows = new HashMap<>();
  private final List<MemorySegment> blocks = new ArrayList<>();

  LaunchedStep(
      StepBatch batch,
      StepShape shape,
      SlotSampling[] samplings,
      MemorySegment results,
      MemorySegment logprobs) {
    this.batch = batch;
    this.shape = shape;
    this.samplings = samplings;
    this.results = results;
    this.logprobs = logprobs;
    blocks.add(results);
    blocks.add(logprobs);
  }

  /** The batch's number. */
  public long id() {
    return batch.id();
  }

  /** Sequences of the batch. */
  public int sequences() {
    return batch.sequences();
  }

  StepBatch batch() {
    return batch;
  }

  StepShape shape() {
    return shape;
  }

  /** How sequence b's tokens are drawn. */
  SlotSampling sampling(int sequence) {
    return samplings[sequence];
  }

  /** Where the device's results go. */
  MemorySegment results() {
    return results;
  }

  /** Where log-probabilities by logit row go. */
  MemorySegment logprobs() {
    return logprobs;
  }

  /** Logits that are copied whole, by logit row. */
  Map<Integer, MemorySegment> wholeRows() {
    return wholeRows;
  }

  /** Pinned memory to give back once the step was read. */
  List<MemorySegment> blocks() {
    return blocks;
  }

  /** Whether the device reports log-probabilities of a step. */
  boolean reportsLogprobs() {
    for (SlotSampling sampling : samplings) {
      if (sampling.logprobs() >= 0 || sampling.promptLogprobs() >= 0) {
        return true;
      }
    }
    return false;
  }
}
