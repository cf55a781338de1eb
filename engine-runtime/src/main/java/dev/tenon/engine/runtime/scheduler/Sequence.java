package dev.tenon.engine.runtime.scheduler;

import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.StepBatch;
import java.util.Arrays;

/**
 * One choice of a request: what is known of its tokens, and how far launched steps may have taken
 * it. Owned by the engine's thread.
 */
public final class Sequence {
  private static final int NO_SLOT = -1;

  private final ActiveRequest request;
  private final int choice;
  private final SlotSampling sampling;
  private final int limit;
  private Phase phase = Phase.WAITING;
  private int slot = NO_SLOT;
  private int[] setup;
  private int prefilled;
  private int everProcessed;
  private int[] output = new int[16];
  private int outputLength;
  private int pendingMost;
  private int pendingLeast;
  private long lastStep = -1;
  private long lastTokenNanos;
  private int[] history = new int[0];
  private int historyLength;

  Sequence(ActiveRequest request, int choice, SlotSampling sampling) {
    this.request = request;
    this.choice = choice;
    this.sampling = sampling;
    this.setup = request.prompt();
    this.limit = Math.addExact(request.prompt().length, sampling.maxTokens());
  }

  /** Its request. */
  public ActiveRequest request() {
    return request;
  }

  /** Its index in the request. */
  public int choice() {
    return choice;
  }

  /** Where it is in its life. */
  public Phase phase() {
    return phase;
  }

  /** Its slot; only while it has one. */
  public int slot() {
    if (slot == NO_SLOT) {
      throw new IllegalStateException(this + " has no slot");
    }
    return slot;
  }

  /** Whether it has a slot. */
  public boolean hasSlot() {
    return slot != NO_SLOT;
  }

  /** Tokens that its slot starts from: the prompt and what was output before a preemption. */
  public int[] setup() {
    return setup;
  }

  /** How many of {@link #setup()} were launched. */
  public int prefilled() {
    return prefilled;
  }

  /** Whether all of {@link #setup()} was launched: from then on it decodes, whatever its length. */
  public boolean isPrefilled() {
    return prefilled == setup.length;
  }

  /** Tokens output and known. */
  public int outputLength() {
    return outputLength;
  }

  /** Tokens known, prompt and output. */
  public int length() {
    return request.prompt().length + outputLength;
  }

  /** Greatest length that it may reach. */
  public int limit() {
    return limit;
  }

  /** The step launched last for it, −1 for none. */
  public long lastStep() {
    return lastStep;
  }

  /** {@link System#nanoTime} of its last token. */
  public long lastTokenNanos() {
    return lastTokenNanos;
  }

  /** Notes when its last token came. */
  public void lastTokenNanos(long now) {
    lastTokenNanos = now;
  }

  /** Position of the next decode's row 0 at most; one step's outcome may be unknown. */
  public int decodeStart() {
    return Math.min(length() - 1 + pendingMost, limit - 2);
  }

  /** Whether it will have ended once the launched steps are over, whatever they bring. */
  public boolean surelyEnds() {
    return length() + pendingLeast >= limit;
  }

  /** Whether its prompt's log-probabilities are to be reported by the coming prefill. */
  public boolean reportsPrompt() {
    return choice == 0 && outputLength == 0 && sampling.promptLogprobs() >= 0;
  }

  /** How a slot draws its tokens from now on. */
  public SlotSampling sampling() {
    if (sampling.promptLogprobs() < 0 || reportsPrompt()) {
      return sampling;
    }
    return new SlotSampling(
        sampling.temperature(),
        sampling.topP(),
        sampling.topK(),
        sampling.minP(),
        sampling.repetitionPenalty(),
        sampling.presencePenalty(),
        sampling.frequencyPenalty(),
        sampling.seed(),
        sampling.biasIds(),
        sampling.biases(),
        sampling.allowedTokenIds(),
        sampling.badWords(),
        sampling.usableIds(),
        sampling.minTokens(),
        sampling.maxTokens(),
        sampling.endIds(),
        sampling.logprobs(),
        -1);
  }

  /**
   * Prompt and output, {@link #length()} of them valid; the same array until it is full. Not to be
   * changed or kept.
   */
  public int[] history() {
    int length = length();
    if (history.length < length) {
      int[] grown = new int[Math.min(limit, length + length / 2 + 16)];
      System.arraycopy(request.prompt(), 0, grown, 0, request.prompt().length);
      history = grown;
      historyLength = request.prompt().length;
    }
    int promptLength = request.prompt().length;
    System.arraycopy(
        output, historyLength - promptLength, history, historyLength, length - historyLength);
    historyLength = length;
    return history;
  }

  /** It takes over a slot. */
  public void occupy(int newSlot) {
    if (phase != Phase.WAITING || slot != NO_SLOT) {
      throw new IllegalStateException(this + " cannot take over slot " + newSlot);
    }
    slot = newSlot;
    phase = Phase.RUNNING;
  }

  /** A step was launched. */
  public void launched(Work work, long step) {
    if (work.kind() != StepBatch.DECODE) {
      if (work.start() != prefilled) {
        throw new IllegalStateException(this + " continues at " + work.start());
      }
      prefilled += work.rows();
    }
    pendingMost += work.mostOutput();
    pendingLeast += work.leastOutput();
    lastStep = step;
  }

  /** A launched step ended; tokens follow by {@link #append}. */
  public void settled(Work work) {
    pendingMost -= work.mostOutput();
    pendingLeast -= work.leastOutput();
  }

  /** A part of the prompt was processed; answers how many of its tokens were for the first time. */
  public int processed(Work work) {
    int end = Math.min(work.start() + work.rows(), request.prompt().length);
    int fresh = Math.max(0, end - everProcessed);
    everProcessed += fresh;
    return fresh;
  }

  /** A token became known. */
  public void append(int token) {
    if (length() >= limit) {
      throw new IllegalStateException(this + " exceeds its limit");
    }
    if (outputLength == output.length) {
      output = Arrays.copyOf(output, output.length * 2);
    }
    output[outputLength++] = token;
  }

  /** Its state is to be dropped and recomputed. */
  public void preempt() {
    if (phase != Phase.RUNNING) {
      throw new IllegalStateException(this + " cannot be preempted");
    }
    phase = Phase.PREEMPTED;
  }

  /** It is over. */
  public void end() {
    if (phase == Phase.ENDED) {
      throw new IllegalStateException(this + " ends twice");
    }
    phase = Phase.ENDED;
  }

  /** Its slot was taken back. A preempted one waits again, to start from all its tokens. */
  public void vacate() {
    slot = NO_SLOT;
    if (phase == Phase.ENDED) {
      return;
    }
    if (phase != Phase.PREEMPTED || pendingMost != 0) {
      throw new IllegalStateException(this + " still runs");
    }
    phase = Phase.WAITING;
    prefilled = 0;
    if (outputLength > 0) {
      setup = Arrays.copyOf(request.prompt(), length());
      System.arraycopy(output, 0, setup, request.prompt().length, outputLength);
    }
  }

  @Override
  public String toString() {
    return request.id()
        + "#"
        + choice
        + "["
        + phase
        + ", "
        + prefilled
        + "/"
        + setup.length
        + " prefilled, "
        + outputLength
        + " output]";
  }
}
