package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.TokenLogprobs;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A sequence of a sampling contract: its prompt in chunks, then steps with the drafts given. */
final class SampledSequence implements BatchSequence {
  /**
   * A token drawn.
   *
   * @param id the token
   * @param logits of the row that it was drawn from; empty in steps with drafts
   * @param logprobs if it was asked for them
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Drawn(int id, float[] logits, @Nullable TokenLogprobs logprobs) {}

  private final int slot;
  private final SlotSampling sampling;
  private final int[] prompt;
  private final int[] chunks;
  private final List<Drawn> drawn = new ArrayList<>();
  private final Map<Integer, TokenLogprobs> promptLogprobs = new HashMap<>();
  private int[] drafts = {};
  private int step;
  private int position;
  private boolean ended;

  SampledSequence(int slot, SlotSampling sampling, int[] prompt, int... chunks) {
    this.slot = slot;
    this.sampling = sampling;
    this.prompt = prompt;
    this.chunks = chunks.length == 0 ? new int[] {prompt.length} : chunks;
  }

  /** Drafts of the next step, if that is a decode. */
  void draft(int... given) {
    drafts = given;
  }

  SlotSampling sampling() {
    return sampling;
  }

  List<Drawn> drawn() {
    return drawn;
  }

  List<Integer> ids() {
    return drawn.stream().map(Drawn::id).toList();
  }

  /** By index of the prompt's token that they describe. */
  Map<Integer, TokenLogprobs> promptLogprobs() {
    return promptLogprobs;
  }

  boolean hasEnded() {
    return ended;
  }

  /** Prompt and output before the output of an index. */
  int[] tokensBefore(int output) {
    int[] tokens = Arrays.copyOf(prompt, prompt.length + output);
    for (int i = 0; i < output; i++) {
      tokens[prompt.length + i] = drawn.get(i).id();
    }
    return tokens;
  }

  int promptLength() {
    return prompt.length;
  }

  /** Takes what a step brought, and checks how many tokens there are and whether it ends. */
  void advance(StepOutput output, int b) {
    byte kind = kind();
    int count = output.counts()[b];
    int most = kind == StepBatch.PREFILL || ended ? 0 : 1 + hostDrafts();
    assertThat(count).as("tokens of a step").isBetween(Math.min(1, most), most);
    for (int i = 0; i < count; i++) {
      int key = b * output.width() + i;
      int id = output.tokens()[key];
      if (i < count - 1) {
        assertThat(id).as("an accepted draft").isEqualTo(drafts[i]);
      }
      float[] row = output.logits().get(b);
      if (row == null) {
        throw new AssertionError("the logits that the batch asks for are not in the output");
      }
      float[] own = hostDrafts() == 0 ? row : new float[0];
      drawn.add(new Drawn(id, own, output.logprobs().get(key)));
    }
    if (kind != StepBatch.DECODE) {
      // one that reports its prompt is alone in its batch, so that its rows begin at 0
      output
          .promptLogprobs()
          .forEach((row, found) -> promptLogprobs.put(position + row + 1, found));
    }
    position += kind == StepBatch.DECODE ? count : chunks[step];
    step++;
    assertEnd(output.ends()[b], count);
    drafts = new int[0];
  }

  private void assertEnd(byte end, int count) {
    if (ended || count == 0) {
      return;
    }
    int last = drawn.getLast().id();
    boolean byToken =
        Arrays.binarySearch(sampling.endIds(), last) >= 0 && drawn.size() > sampling.minTokens();
    byte expected =
        byToken
            ? StepOutput.ENDED_BY_TOKEN
            : drawn.size() >= sampling.maxTokens()
                ? StepOutput.ENDED_BY_LENGTH
                : StepOutput.RUNNING;
    assertThat(end).as("end after " + ids()).isEqualTo(expected);
    ended = expected != StepOutput.RUNNING;
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
  public SlotSetup setup() {
    return new SlotSetup(slot, sampling, prompt, prompt.length);
  }

  @Override
  public byte kind() {
    return step + 1 < chunks.length
        ? StepBatch.PREFILL
        : step < chunks.length ? StepBatch.PREFILL_LAST : StepBatch.DECODE;
  }

  @Override
  public int[] tokens() {
    if (kind() != StepBatch.DECODE) {
      return Arrays.copyOfRange(prompt, position, position + chunks[step]);
    }
    int[] tokens = new int[1 + drafts.length];
    System.arraycopy(drafts, 0, tokens, 1, drafts.length);
    return tokens;
  }

  @Override
  public int position() {
    return position;
  }

  @Override
  public int nextToken() {
    return kind() == StepBatch.PREFILL ? prompt[position + chunks[step]] : -1;
  }

  @Override
  public int hostDrafts() {
    return kind() == StepBatch.DECODE ? drafts.length : 0;
  }

  @Override
  public boolean reportsPrompt() {
    return sampling.promptLogprobs() >= 0 && kind() != StepBatch.DECODE;
  }
}
