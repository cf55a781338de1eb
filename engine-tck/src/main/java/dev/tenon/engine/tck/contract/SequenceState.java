package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How far a sequence of a contract's run has come. */
final class SequenceState implements BatchSequence {
  private final SequencePlan plan;
  private final int slot;
  private final int vocabulary;
  private final List<float[]> logits = new ArrayList<>();
  private int step;
  private int position;

  SequenceState(SequencePlan plan, int slot, int vocabulary) {
    this.plan = plan;
    this.slot = slot;
    this.vocabulary = vocabulary;
  }

  @Override
  public int slot() {
    return slot;
  }

  @Override
  public boolean isNew() {
    return step == 0;
  }

  @Override
  public boolean reportsPrompt() {
    return false;
  }

  boolean isDone() {
    return step == plan.steps();
  }

  @Override
  public int position() {
    return position;
  }

  /** Logits at the steps without drafts, in order. */
  List<float[]> logits() {
    return logits;
  }

  @Override
  public byte kind() {
    int prompts = plan.chunks().size();
    return step + 1 < prompts
        ? StepBatch.PREFILL
        : step + 1 == prompts ? StepBatch.PREFILL_LAST : StepBatch.DECODE;
  }

  private int[] drafts() {
    return plan.drafts().get(step - plan.chunks().size());
  }

  @Override
  public int hostDrafts() {
    return kind() == StepBatch.DECODE ? drafts().length : 0;
  }

  @Override
  public int[] tokens() {
    if (kind() == StepBatch.DECODE) {
      int[] tokens = new int[1 + drafts().length];
      System.arraycopy(drafts(), 0, tokens, 1, drafts().length);
      return tokens;
    }
    int count = plan.chunks().get(step);
    return plan.prompt().subList(position, position + count).stream()
        .mapToInt(Integer::intValue)
        .toArray();
  }

  @Override
  public int nextToken() {
    return kind() == StepBatch.PREFILL ? plan.prompt().get(position + plan.chunks().get(step)) : -1;
  }

  @Override
  public SlotSetup setup() {
    SlotSampling sampling =
        new SlotSampling(
            0,
            1,
            0,
            0,
            1,
            0,
            0,
            1,
            new int[0],
            new float[0],
            new int[] {plan.output()},
            new int[0][],
            vocabulary,
            0,
            Integer.MAX_VALUE,
            new int[0],
            -1,
            -1);
    int[] prompt = plan.prompt().stream().mapToInt(Integer::intValue).toArray();
    return new SlotSetup(slot, sampling, prompt, prompt.length);
  }

  void advance(StepOutput output, int b) {
    byte kind = kind();
    int emitted =
        switch (kind) {
          case StepBatch.PREFILL -> 0;
          case StepBatch.PREFILL_LAST -> 1;
          default -> plan.emitted(step - plan.chunks().size());
        };
    assertThat(output.counts()[b]).isEqualTo(emitted);
    int from = b * output.width();
    assertThat(Arrays.copyOfRange(output.tokens(), from, from + emitted))
        .containsOnly(emitted == 0 ? new int[0] : new int[] {plan.output()});
    if (kind != StepBatch.PREFILL && hostDrafts() == 0) {
      logits.add(output.logits().get(b));
    }
    position += kind == StepBatch.DECODE ? emitted : plan.chunks().get(step);
    step++;
  }
}
