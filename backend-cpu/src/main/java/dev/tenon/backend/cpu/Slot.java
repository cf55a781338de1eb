package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What a sequence needs for its next step. Touched by the device's thread only. */
final class Slot {
  /** Page per page-sized stretch of positions; −1 where none was given yet. */
  final int[] pageTable;

  /** Draft tokens for the next decode, of which {@link #draftCount} are valid. */
  final int[] drafts;

  int draftCount;

  /** Positions 0 … position − 1 are committed; the last token stands at {@code position}. */
  int position;

  int lastToken;

  /** Draft rows of the last decode that wait in the recurrent pools. */
  int pending;

  /** How many of them were accepted. */
  int accepted;

  boolean ended;
  int outputs;
  private int[] tokens = new int[0];
  private int length;
  private int promptLength;
  private int @Nullable [] outputCounts;
  private @Nullable SlotSampling sampling;

  Slot(int pages, int draftTokens) {
    pageTable = new int[pages];
    drafts = new int[draftTokens];
    Arrays.fill(pageTable, -1);
    ended = true;
  }

  void setUp(SlotSetup setup, int vocabularySize) {
    Arrays.fill(pageTable, -1);
    draftCount = 0;
    position = 0;
    lastToken = 0;
    pending = 0;
    accepted = 0;
    ended = false;
    sampling = setup.sampling();
    tokens = setup.tokens();
    length = tokens.length;
    promptLength = setup.promptLength();
    outputs = length - promptLength;
    boolean counted =
        sampling.frequencyPenalty() != 0
            || sampling.presencePenalty() != 0
            || sampling.repetitionPenalty() != 1;
    outputCounts = counted ? new int[vocabularySize] : null;
    if (outputCounts != null) {
      for (int i = promptLength; i < length; i++) {
        outputCounts[tokens[i]]++;
      }
    }
  }

  SlotSampling sampling() {
    if (sampling == null) {
      throw new IllegalStateException("a slot was used before its setup");
    }
    return sampling;
  }

  /** Takes over an output token. */
  void emit(int token) {
    if (length == tokens.length) { // also the first time: the setup's own array stays as it is
      tokens = Arrays.copyOf(tokens, Math.max(16, length + length / 2 + 1));
    }
    tokens[length++] = token;
    outputs++;
    lastToken = token;
    if (outputCounts != null) {
      outputCounts[token]++;
    }
  }

  /** Occurrences in the output per id, or {@code null} if no penalty needs them. */
  int @Nullable [] outputCounts() {
    return outputCounts;
  }

  /** Id at an index of prompt and output. */
  int token(int index) {
    return tokens[index];
  }

  int length() {
    return length;
  }

  int promptLength() {
    return promptLength;
  }

  /** Whether a page was given for a position. */
  boolean covers(int atPosition, int pageSize) {
    int page = atPosition / pageSize;
    return page < pageTable.length && pageTable[page] >= 0;
  }
}
