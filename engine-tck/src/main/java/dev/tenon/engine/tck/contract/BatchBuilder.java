package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StepBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Puts sequences into a batch. A slot's pages are given at once, scattered over the pool. */
final class BatchBuilder {
  private BatchBuilder() {}

  static StepBatch build(
      long id, List<? extends BatchSequence> sequences, int pageSize, int length) {
    int count = sequences.size();
    List<SlotSetup> setups = new ArrayList<>();
    List<Integer> pages = new ArrayList<>();
    List<Integer> tokens = new ArrayList<>();
    List<Integer> logitRows = new ArrayList<>();
    List<Integer> wanted = new ArrayList<>();
    int[] offsets = new int[count + 1];
    byte[] kinds = new byte[count];
    int perSlot = Math.ceilDiv(length, pageSize);
    for (int b = 0; b < count; b++) {
      BatchSequence sequence = sequences.get(b);
      if (sequence.isNew()) {
        setups.add(sequence.setup());
        for (int i = 0; i < perSlot; i++) {
          pages.addAll(List.of(sequence.slot(), i, (perSlot - 1 - i) * 8 + sequence.slot()));
        }
      }
      for (int token : sequence.tokens()) {
        tokens.add(token);
      }
      kinds[b] = sequence.kind();
      offsets[b + 1] = tokens.size();
      if (kinds[b] == StepBatch.DECODE || sequence.reportsPrompt()) {
        IntStream.range(offsets[b], offsets[b + 1]).forEach(logitRows::add);
      } else if (kinds[b] == StepBatch.PREFILL_LAST) {
        logitRows.add(offsets[b + 1] - 1);
      }
      if (kinds[b] != StepBatch.PREFILL) {
        wanted.add(b);
      }
    }
    return new StepBatch(
        id,
        setups,
        ints(pages),
        sequences.stream().mapToInt(BatchSequence::slot).toArray(),
        kinds,
        sequences.stream().mapToInt(BatchSequence::position).toArray(),
        offsets,
        ints(tokens),
        sequences.stream().mapToInt(BatchSequence::nextToken).toArray(),
        sequences.stream().mapToInt(BatchSequence::hostDrafts).toArray(),
        ints(logitRows),
        ints(wanted));
  }

  private static int[] ints(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }
}
