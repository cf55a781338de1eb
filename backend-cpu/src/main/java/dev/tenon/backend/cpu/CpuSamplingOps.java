package dev.tenon.backend.cpu;

import dev.tenon.api.TokenLogprobs;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.SamplingOps;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.TokenMasks;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Sampling, acceptance and drafts. */
final class CpuSamplingOps implements SamplingOps {
  private final Kernels kernels;

  CpuSamplingOps(Kernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void sample(Step step, Logits logits) {
    CpuStep running = (CpuStep) step;
    CpuLogits rows = (CpuLogits) logits;
    int[] logitRows = running.batch.logitRows();
    for (int wanted : running.batch.logitsWanted()) {
      int last = running.batch.rowOffsets()[wanted + 1] - 1;
      int from = indexOf(logitRows, last) * rows.vocabulary();
      running.logits.put(wanted, Arrays.copyOfRange(rows.values(), from, from + rows.vocabulary()));
    }
    kernels.parallel(running.slots.length, b -> sampleSequence(running, rows, logitRows, b));
    running.markSampled();
  }

  private static void sampleSequence(CpuStep step, CpuLogits logits, int[] logitRows, int b) {
    Slot slot = step.slots[b];
    int first = step.batch.rowOffsets()[b];
    int active = step.targetRows().active()[b];
    if (active == 0) {
      return;
    }
    if (step.isDecode(b)) {
      sampleDecode(step, logits, logitRows, b);
      return;
    }
    reportPrompt(step, logits, logitRows, b);
    slot.position += active;
    slot.pending = 0;
    slot.accepted = 0;
    step.processed[b] = active;
    if (step.batch.kinds()[b] == StepBatch.PREFILL_LAST) {
      draw(step, logits, indexOf(logitRows, first + active - 1), b);
    }
  }

  private static void sampleDecode(CpuStep step, CpuLogits logits, int[] logitRows, int b) {
    Slot slot = step.slots[b];
    int first = step.batch.rowOffsets()[b];
    int active = step.targetRows().active()[b];
    int row = 0;
    int token = draw(step, logits, indexOf(logitRows, first), b);
    while (!slot.ended && row + 1 < active && token == step.targetRows().ids()[first + row + 1]) {
      row++;
      token = draw(step, logits, indexOf(logitRows, first + row), b);
    }
    step.processed[b] = row + 1;
    slot.position += row + 1;
    slot.pending = active - 1;
    slot.accepted = row;
    slot.draftCount = 0;
  }

  /** Draws the next token of a sequence, and finds out whether it ends. */
  private static int draw(CpuStep step, CpuLogits logits, int logitRow, int b) {
    Slot slot = step.slots[b];
    SlotSampling sampling = slot.sampling();
    int from = logitRow * logits.vocabulary();
    int token =
        new TokenDraw(logits.values(), from, logits.vocabulary(), slot, mask(step.masks, logitRow))
            .token();
    int width = 1 + step.draftTokens();
    int index = b * width + step.counts[b];
    if (sampling.logprobs() >= 0) {
      step.putLogprobs(
          index,
          Logprobs.of(logits.values(), from, logits.vocabulary(), token, sampling.logprobs()));
    }
    slot.emit(token);
    step.tokens[index] = token;
    step.counts[b]++;
    if (Arrays.binarySearch(sampling.endIds(), token) >= 0 && slot.outputs > sampling.minTokens()) {
      step.ends[b] = StepOutput.ENDED_BY_TOKEN;
    } else if (slot.outputs >= sampling.maxTokens()) {
      step.ends[b] = StepOutput.ENDED_BY_LENGTH;
    }
    slot.ended = step.ends[b] != StepOutput.RUNNING;
    return token;
  }

  private static void reportPrompt(CpuStep step, CpuLogits logits, int[] logitRows, int b) {
    int wanted = step.slots[b].sampling().promptLogprobs();
    if (wanted < 0) {
      return;
    }
    int first = step.batch.rowOffsets()[b];
    int end = step.batch.rowOffsets()[b + 1];
    for (int row = first; row < end; row++) {
      int at = Arrays.binarySearch(logitRows, row);
      int next = row + 1 < end ? step.targetRows().ids()[row + 1] : step.batch.nextTokens()[b];
      if (at >= 0 && next >= 0) {
        TokenLogprobs found =
            Logprobs.of(
                logits.values(), at * logits.vocabulary(), logits.vocabulary(), next, wanted);
        step.putPromptLogprobs(row, found);
      }
    }
  }

  @Override
  public void draft(Step step, Logits logits, int pass) {
    CpuStep running = (CpuStep) step;
    CpuLogits rows = (CpuLogits) logits;
    for (int b = 0; b < running.slots.length; b++) {
      Slot slot = running.slots[b];
      if (running.counts[b] > 0 && !slot.ended) {
        int draft =
            TokenDraw.greatest(
                rows.values(),
                b * rows.vocabulary(),
                Math.min(rows.vocabulary(), slot.sampling().usableIds()));
        slot.drafts[pass] = draft;
        slot.draftCount = pass + 1;
        running.drafts[b * running.draftTokens() + pass] = draft;
      }
    }
  }

  private static long @Nullable [] mask(@Nullable TokenMasks masks, int logitRow) {
    if (masks == null) {
      return null;
    }
    int at = Arrays.binarySearch(masks.rows(), logitRow);
    return at < 0 ? null : masks.allowed()[at];
  }

  private static int indexOf(int[] logitRows, int row) {
    int at = Arrays.binarySearch(logitRows, row);
    if (at < 0) {
      throw new IllegalStateException("the batch asks for no logits of row " + row);
    }
    return at;
  }
}
