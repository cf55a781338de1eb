package dev.tenon.engine.runtime.step;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.FinishReason;
import dev.tenon.api.TenonException;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.engine.runtime.scheduler.ActiveRequest;
import dev.tenon.engine.runtime.scheduler.Phase;
import dev.tenon.engine.runtime.scheduler.Sequence;
import dev.tenon.engine.runtime.scheduler.Work;
import dev.tenon.engine.runtime.statistics.StatisticsRecorder;
import dev.tenon.engine.runtime.stream.RawResult;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes a step's outcome into the sequences, and hands results to their readers. */
final class StepCommitter {
  private final StatisticsRecorder statistics;
  private final RequestLedger ledger;
  private final int draftTokens;

  StepCommitter(StatisticsRecorder statistics, RequestLedger ledger, int draftTokens) {
    this.statistics = statistics;
    this.ledger = ledger;
    this.draftTokens = draftTokens;
  }

  void commit(Launched launched, StepOutput output) {
    if (output.id() != launched.batch().id()) {
      throw broken("step " + launched.batch().id() + " was answered as step " + output.id());
    }
    long now = System.nanoTime();
    List<Work> works = launched.plan().works();
    for (int b = 0; b < works.size(); b++) {
      Work work = works.get(b);
      work.sequence().settled(work);
      if (work.sequence().phase() != Phase.ENDED) {
        commit(work, b, launched.batch(), output, now);
      }
    }
    statistics.stepDone();
  }

  private void commit(Work work, int b, StepBatch batch, StepOutput output, long now) {
    Sequence sequence = work.sequence();
    ActiveRequest request = sequence.request();
    boolean first = sequence.outputLength() == 0;
    if (work.kind() != StepBatch.DECODE && first) {
      statistics.promptProcessed(sequence.processed(work));
      if (sequence.reportsPrompt()) {
        keepPromptLogprobs(work, batch.rowOffsets()[b], output);
      }
    }
    int count = output.counts()[b];
    if (count < work.leastOutput() || count > work.mostOutput()) {
      throw broken(
          "step %d brought %d tokens for %s, not %d to %d"
              .formatted(output.id(), count, sequence, work.leastOutput(), work.mostOutput()));
    }
    if (count == 0) {
      return;
    }
    if (first && sequence.choice() == 0) {
      openStream(sequence, b, output);
    }
    int offset = b * output.width();
    int[] tokens = Arrays.copyOfRange(output.tokens(), offset, offset + count);
    for (int token : tokens) {
      sequence.append(token);
    }
    count(work, sequence, first, count, now);
    byte end = output.ends()[b];
    if (end != StepOutput.RUNNING) {
      ledger.end(
          sequence, end == StepOutput.ENDED_BY_TOKEN ? FinishReason.STOP : FinishReason.LENGTH);
    }
    // Last, so that whoever reads of an end finds it counted.
    request
        .channel()
        .append(
            new RawResult.Produced(
                sequence.choice(), tokens, logprobs(output.logprobs(), offset, count), end));
  }

  private void count(Work work, Sequence sequence, boolean first, int count, long now) {
    ActiveRequest request = sequence.request();
    if (first) {
      statistics.firstGenerated(count);
      if (request.markAnswered()) {
        statistics.firstToken(now - request.submittedNanos());
      }
    } else {
      statistics.generated(count, now - sequence.lastTokenNanos());
    }
    sequence.lastTokenNanos(now);
    if (work.kind() == StepBatch.DECODE && work.rows() > 1) {
      statistics.verified(work.rows() - 1, count - 1);
    }
  }

  private void openStream(Sequence sequence, int b, StepOutput output) {
    ActiveRequest request = sequence.request();
    request.channel().append(new RawResult.PromptDone(request.promptLogprobs()));
    if (BatchAssembler.wantsLogits(sequence)) {
      float[] logits = output.logits().get(b);
      if (logits == null) {
        throw broken("step " + output.id() + " lacks the logits of " + sequence);
      }
      int from = b * draftTokens;
      int most = Math.min(request.diagnosedDrafts(), draftTokens);
      int[] drafts = Arrays.copyOfRange(output.drafts(), from, from + most);
      request.channel().append(new RawResult.Diagnosed(logits, drafts));
    }
  }

  private static void keepPromptLogprobs(Work work, int firstRow, StepOutput output) {
    for (int i = 0; i < work.rows(); i++) {
      TokenLogprobs logprobs = output.promptLogprobs().get(firstRow + i);
      if (logprobs != null) {
        work.sequence().request().keepPromptLogprobs(work.start() + i + 1, logprobs);
      }
    }
  }

  private static @Nullable List<TokenLogprobs> logprobs(
      Map<Integer, TokenLogprobs> all, int offset, int count) {
    if (all.isEmpty() || !all.containsKey(offset)) {
      return null;
    }
    List<TokenLogprobs> logprobs = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      TokenLogprobs entry = all.get(offset + i);
      if (entry == null) {
        throw broken("log-probabilities of a token are missing");
      }
      logprobs.add(entry);
    }
    return logprobs;
  }

  private static TenonException broken(String message) {
    return new TenonException(ErrorCode.INTERNAL, message);
  }
}
