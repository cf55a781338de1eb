package dev.tenon.backend.cuda.core.step;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Reads the results of a step, as {@code abi/step_kernels.h} lays them out. */
final class ResultReader {
  /** Alternatives that the device reports; more are taken from whole rows. */
  static final int ALTERNATIVES = 32;

  /** Bytes of the log-probabilities of a logit row. */
  static final int LOGPROBS_BYTES = (4 + 2 * ALTERNATIVES) * Integer.BYTES;

  private static final int HEAD = 4;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  private final LaunchedStep step;
  private final StepBatch batch;
  private final int width;
  private final Map<Integer, TokenLogprobs> logprobs = new HashMap<>();
  private final Map<Integer, TokenLogprobs> promptLogprobs = new HashMap<>();
  private final Map<Integer, float[]> wholeRows = new HashMap<>();

  ResultReader(LaunchedStep step) {
    this.step = step;
    batch = step.batch();
    width = 1 + step.shape().draftTokens();
    step.wholeRows().forEach((row, values) -> wholeRows.put(row, values.toArray(FLOAT)));
  }

  /** Bytes of the results of so many sequences. */
  static long bytes(StepShape shape, int sequences) {
    return Integer.BYTES * (HEAD + (long) sequences * wordsPerSequence(1 + shape.draftTokens()));
  }

  StepOutput read() {
    MemorySegment results = step.results();
    if (results.get(INT, 0) != 0) {
      throw new TenonException(
          ErrorCode.DEVICE_FAULT,
          "step " + batch.id() + " has a prompt whose rows do not start where its slot stands",
          null);
    }
    int sequences = batch.sequences();
    int[] counts = new int[sequences];
    byte[] ends = new byte[sequences];
    int[] tokens = new int[sequences * width];
    int[] drafts = new int[sequences * (width - 1)];
    for (int b = 0; b < sequences; b++) {
      long at = (HEAD + (long) b * wordsPerSequence(width)) * Integer.BYTES;
      counts[b] = results.get(INT, at);
      ends[b] = (byte) results.get(INT, at + Integer.BYTES);
      long tokensAt = at + 2L * Integer.BYTES;
      MemorySegment.copy(results, INT, tokensAt, tokens, b * width, width);
      long draftsAt = tokensAt + (long) width * Integer.BYTES;
      MemorySegment.copy(results, INT, draftsAt, drafts, b * (width - 1), width - 1);
      reportOutput(b, counts[b], tokens);
      reportPrompt(b);
    }
    return new StepOutput(
        batch.id(), width, counts, tokens, ends, drafts, logprobs, promptLogprobs, wanted());
  }

  private void reportOutput(int b, int count, int[] tokens) {
    SlotSampling sampling = step.sampling(b);
    if (sampling.logprobs() < 0 || count == 0) {
      return;
    }
    boolean decode = batch.kinds()[b] == StepBatch.DECODE;
    int first = logitRow(decode ? batch.rowOffsets()[b] : batch.rowOffsets()[b + 1] - 1);
    for (int i = 0; i < count; i++) {
      int key = b * width + i;
      logprobs.put(key, of(first + i, tokens[key], sampling.logprobs()));
    }
  }

  private void reportPrompt(int b) {
    SlotSampling sampling = step.sampling(b);
    if (sampling.promptLogprobs() < 0 || batch.kinds()[b] == StepBatch.DECODE) {
      return;
    }
    int end = batch.rowOffsets()[b + 1];
    for (int row = batch.rowOffsets()[b]; row < end; row++) {
      int at = Arrays.binarySearch(batch.logitRows(), row);
      int next = row + 1 < end ? batch.tokens()[row + 1] : batch.nextTokens()[b];
      if (at >= 0 && next >= 0) {
        promptLogprobs.put(row, of(at, next, sampling.promptLogprobs()));
      }
    }
  }

  private TokenLogprobs of(int logitRow, int token, int alternatives) {
    float[] whole = alternatives > ALTERNATIVES ? wholeRows.get(logitRow) : null;
    if (whole != null) {
      return WholeRow.logprobs(whole, token, alternatives);
    }
    long at = (long) logitRow * LOGPROBS_BYTES;
    MemorySegment found = step.logprobs();
    int count = found.get(INT, at + 12);
    int[] ids = new int[count];
    float[] values = new float[count];
    MemorySegment.copy(found, INT, at + 16, ids, 0, count);
    MemorySegment.copy(found, FLOAT, at + 16 + 4L * ALTERNATIVES, values, 0, count);
    return new TokenLogprobs(token, found.get(FLOAT, at + 4), found.get(INT, at + 8), ids, values);
  }

  private Map<Integer, float[]> wanted() {
    Map<Integer, float[]> wanted = new HashMap<>();
    for (int b : batch.logitsWanted()) {
      float[] row = wholeRows.get(logitRow(batch.rowOffsets()[b + 1] - 1));
      if (row != null) {
        wanted.put(b, row);
      }
    }
    return wanted;
  }

  private int logitRow(int row) {
    int at = Arrays.binarySearch(batch.logitRows(), row);
    if (at < 0) {
      throw new IllegalStateException("the batch asks for no logits of row " + row);
    }
    return at;
  }

  private static long wordsPerSequence(int width) {
    return 2L + width + (width - 1);
  }
}
