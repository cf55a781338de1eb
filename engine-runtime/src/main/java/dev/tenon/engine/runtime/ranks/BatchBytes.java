package dev.tenon.engine.runtime.ranks;

import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StepBatch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A batch as bytes. */
final class BatchBytes {
  private static final int[] NONE = {};

  private BatchBytes() {}

  static void write(StepBatch batch, ByteWriter to) {
    to.wide(batch.id());
    to.integer(batch.setups().size());
    for (SlotSetup setup : batch.setups()) {
      to.integer(setup.slot());
      write(setup.sampling(), to);
      to.integers(setup.tokens());
      to.integer(setup.promptLength());
    }
    to.integers(batch.pages());
    to.integers(batch.slots());
    to.bytes(batch.kinds());
    to.integers(batch.starts());
    to.integers(batch.rowOffsets());
    to.integers(batch.tokens());
    to.integers(batch.nextTokens());
    to.integers(batch.hostDrafts());
    to.integers(batch.logitRows());
    to.integers(batch.logitsWanted());
  }

  static StepBatch read(ByteReader from) {
    long id = from.wide();
    int count = from.integer();
    List<SlotSetup> setups = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      setups.add(new SlotSetup(from.integer(), sampling(from), from.integers(), from.integer()));
    }
    return new StepBatch(
        id,
        setups,
        from.integers(),
        from.integers(),
        from.bytes(),
        from.integers(),
        from.integers(),
        from.integers(),
        from.integers(),
        from.integers(),
        from.integers(),
        from.integers());
  }

  private static void write(SlotSampling sampling, ByteWriter to) {
    to.real(sampling.temperature());
    to.real(sampling.topP());
    to.integer(sampling.topK());
    to.real(sampling.minP());
    to.real(sampling.repetitionPenalty());
    to.real(sampling.presencePenalty());
    to.real(sampling.frequencyPenalty());
    to.wide(sampling.seed());
    to.integers(sampling.biasIds());
    to.reals(sampling.biases());
    int[] allowed = sampling.allowedTokenIds();
    to.octet(allowed == null ? 0 : 1);
    to.integers(allowed == null ? NONE : allowed);
    to.integer(sampling.badWords().length);
    for (int[] word : sampling.badWords()) {
      to.integers(word);
    }
    to.integer(sampling.usableIds());
    to.integer(sampling.minTokens());
    to.integer(sampling.maxTokens());
    to.integers(sampling.endIds());
    to.integer(sampling.logprobs());
    to.integer(sampling.promptLogprobs());
  }

  private static SlotSampling sampling(ByteReader from) {
    return new SlotSampling(
        from.real(),
        from.real(),
        from.integer(),
        from.real(),
        from.real(),
        from.real(),
        from.real(),
        from.wide(),
        from.integers(),
        from.reals(),
        from.octet() == 0 ? absent(from) : from.integers(),
        badWords(from),
        from.integer(),
        from.integer(),
        from.integer(),
        from.integers(),
        from.integer(),
        from.integer());
  }

  private static int @Nullable [] absent(ByteReader from) {
    from.integers();
    return null;
  }

  private static int[][] badWords(ByteReader from) {
    List<int[]> words = new ArrayList<>();
    int count = from.integer();
    for (int i = 0; i < count; i++) {
      words.add(from.integers());
    }
    return words.toArray(int[][]::new);
  }
}
