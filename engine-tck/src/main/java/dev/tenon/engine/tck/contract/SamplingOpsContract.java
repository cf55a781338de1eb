package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tenon.api.TokenLogprobs;
import dev.tenon.engine.tck.Randoms;
import dev.tenon.engine.tck.contract.SampledSequence.Drawn;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.TokenMasks;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What sampling must draw, accept, end and report. Tokens are judged by the definition on the
 * logits that the backend itself returns, so products may differ by their rounding.
 */
public abstract class SamplingOpsContract extends OpsContract {
  private static final int HIDDEN = 64;
  private static final int ROUNDS = 25;
  private static final int OUTPUTS = 12;
  private static final double LOGPROB_BOUND = 1e-4;

  /** A new contract. */
  protected SamplingOpsContract() {}

  private static BlockModel model(Random random) {
    return new Blocks(random, ElementType.F32, HIDDEN).nothing();
  }

  @Test
  void required_B401_everyDrawIsOneOfTheDefinition() {
    Random random = Randoms.create("sampling");
    BlockModel model = model(random);
    try (Backend backend = open()) {
      BlockStep step = BlockStep.of(backend, pageSize(), model);
      for (int round = 0; round < ROUNDS; round++) {
        List<SampledSequence> sequences = new ArrayList<>();
        for (int slot = 0; slot < BlockStep.SLOTS; slot++) {
          RandomSampling sampling = new RandomSampling(random, model.vocabulary());
          sequences.add(new SampledSequence(slot, sampling.next(OUTPUTS), prompt(random, model)));
        }
        for (int i = 0; i < OUTPUTS; i++) {
          AtomicReference<@Nullable TokenMasks> masks = new AtomicReference<>();
          List<SampledSequence> running = sequences.stream().filter(s -> !s.hasEnded()).toList();
          StepOutput output =
              step.run(
                  running,
                  batch -> {
                    masks.set(masks(random, batch, model.vocabulary()));
                    return masks.get();
                  });
          for (int b = 0; b < running.size(); b++) {
            running.get(b).advance(output, b);
            assertDefined(running.get(b), mask(masks.get(), b));
          }
        }
      }
    }
  }

  private static void assertDefined(SampledSequence sequence, long @Nullable [] mask) {
    int last = sequence.drawn().size() - 1;
    Drawn drawn = sequence.drawn().get(last);
    SamplingDefinition definition =
        new SamplingDefinition(
            drawn.logits(),
            sequence.sampling(),
            sequence.tokensBefore(last),
            sequence.promptLength(),
            mask);
    assertThat(definition.allows(drawn.id()))
        .as("token %d as output %d of %s", drawn.id(), last, sequence.sampling())
        .isTrue();
  }

  /** For some of the rows; every sequence has one, so row b is sequence b's. */
  private static @Nullable TokenMasks masks(Random random, StepBatch batch, int vocabulary) {
    int[] rows =
        IntStream.range(0, batch.logitRows().length)
            .filter(row -> random.nextInt(4) == 0)
            .toArray();
    long[][] allowed = new long[rows.length][Math.ceilDiv(vocabulary, 64)];
    for (long[] mask : allowed) {
      Arrays.setAll(mask, word -> random.nextLong() | 1L << random.nextInt(60));
    }
    return rows.length == 0 ? null : new TokenMasks(rows, allowed);
  }

  private static long @Nullable [] mask(@Nullable TokenMasks masks, int logitRow) {
    int at = masks == null ? -1 : Arrays.binarySearch(masks.rows(), logitRow);
    return masks == null || at < 0 ? null : masks.allowed()[at];
  }

  @Test
  void required_B401_ofEqualLogitsTheLowestIdIsGreatest() {
    Random random = Randoms.create("equal logits");
    BlockModel model = model(random);
    HostMatrix head = model.head();
    int[] ids = {7, 23, 58};
    MemorySegment row = head.data().asSlice(ids[0] * head.rowStride(), head.rowStride());
    for (int id : ids) {
      MemorySegment.copy(row, 0, head.data(), id * head.rowStride(), head.rowStride());
    }
    SlotSampling greedy = new RandomSampling(random, model.vocabulary()).greedyAmong(ids);
    try (Backend backend = open()) {
      SampledSequence sequence = new SampledSequence(3, greedy, prompt(random, model));
      run(BlockStep.of(backend, pageSize(), model), sequence, 4);
      assertThat(sequence.ids()).containsExactly(7, 7, 7, 7);
    }
  }

  @Test
  void required_B402_draftsChangeNothingThatIsDrawn() {
    Random random = Randoms.create("sampling with drafts");
    BlockModel model = model(random);
    try (Backend backend = open()) {
      BlockStep step = BlockStep.of(backend, pageSize(), model);
      for (int round = 0; round < ROUNDS; round++) {
        SlotSampling sampling = new RandomSampling(random, model.vocabulary()).next(OUTPUTS);
        int[] prompt = prompt(random, model);
        SampledSequence plain = new SampledSequence(1, sampling, prompt);
        run(step, plain, OUTPUTS);
        SampledSequence drafted = new SampledSequence(2, sampling, prompt);
        run(step, drafted, 1);
        while (!drafted.hasEnded() && drafted.drawn().size() < plain.drawn().size()) {
          drafted.draft(drafts(random, plain, drafted.drawn().size(), model.vocabulary()));
          run(step, drafted, 1);
        }
        int common = Math.min(plain.ids().size(), drafted.ids().size());
        assertThat(drafted.ids().subList(0, common)).isEqualTo(plain.ids().subList(0, common));
        assertThat(drafted.hasEnded() || !plain.hasEnded()).isTrue();
        for (int i = 0; i < common; i++) {
          assertNear(drafted.drawn().get(i).logprobs(), plain.drawn().get(i).logprobs());
        }
      }
    }
  }

  /** What will be drawn, up to a draft that will not. */
  private static int[] drafts(Random random, SampledSequence plain, int from, int vocabulary) {
    List<Integer> ids = plain.ids();
    int count = Math.min(1 + random.nextInt(BlockStep.DRAFTS), ids.size() - from);
    int[] drafts = ids.subList(from, from + count).stream().mapToInt(i -> i).toArray();
    if (random.nextBoolean()) {
      int wrong = random.nextInt(count);
      drafts[wrong] = (drafts[wrong] + 1 + random.nextInt(vocabulary - 1)) % vocabulary;
    }
    return drafts;
  }

  @Test
  void required_B303_anEndedSlotEmitsNothing() {
    Random random = Randoms.create("ended slots");
    BlockModel model = model(random);
    try (Backend backend = open()) {
      BlockStep step = BlockStep.of(backend, pageSize(), model);
      RandomSampling sampling = new RandomSampling(random, model.vocabulary());
      SampledSequence brief = new SampledSequence(4, sampling.plain(2), prompt(random, model));
      SampledSequence other = new SampledSequence(5, sampling.plain(9), prompt(random, model));
      List<SampledSequence> both = List.of(brief, other);
      for (int i = 0; i < 6; i++) {
        StepOutput output = step.run(both);
        brief.advance(output, 0);
        other.advance(output, 1);
      }
      assertThat(brief.hasEnded()).isTrue();
      assertThat(brief.ids()).hasSize(2);
      assertThat(other.ids()).hasSize(6);
    }
  }

  @Test
  void required_B403_logProbabilitiesAreThoseOfTheRawRow() {
    Random random = Randoms.create("log-probabilities");
    BlockModel model = model(random);
    try (Backend backend = open()) {
      BlockStep step = BlockStep.of(backend, pageSize(), model);
      for (int round = 0; round < ROUNDS; round++) {
        RandomSampling sampling = new RandomSampling(random, model.vocabulary());
        int alternatives = random.nextInt(6);
        SampledSequence sequence =
            new SampledSequence(
                0, sampling.reporting(OUTPUTS, alternatives, -1), prompt(random, model));
        run(step, sequence, OUTPUTS);
        for (Drawn drawn : sequence.drawn()) {
          assertRaw(drawn.logprobs(), drawn.logits(), drawn.id(), alternatives);
        }
      }
    }
  }

  @Test
  void required_B403_promptsAreReportedTokenByTokenInAnyChunks() {
    Random random = Randoms.create("prompt log-probabilities");
    BlockModel model = model(random);
    int[] prompt = random.ints(7, 0, model.vocabulary()).toArray();
    try (Backend backend = open()) {
      BlockStep step = BlockStep.of(backend, pageSize(), model);
      RandomSampling sampling = new RandomSampling(random, model.vocabulary());
      // without a block between, a row depends on its own token alone
      Map<Integer, float[]> rows = new HashMap<>();
      for (int token : prompt) {
        SampledSequence alone = new SampledSequence(6, sampling.plain(1), new int[] {token});
        run(step, alone, 1);
        rows.put(token, alone.drawn().getFirst().logits());
      }
      for (int[] chunks : new int[][] {{7}, {1, 6}, {3, 1, 3}, {6, 1}}) {
        SampledSequence sequence =
            new SampledSequence(0, sampling.reporting(1, -1, 3), prompt, chunks);
        run(step, sequence, chunks.length);
        assertThat(sequence.promptLogprobs().keySet()).containsExactlyInAnyOrder(1, 2, 3, 4, 5, 6);
        sequence
            .promptLogprobs()
            .forEach((at, found) ->
                assertRaw(found, Objects.requireNonNull(rows.get(prompt[at - 1])), prompt[at], 3));
      }
    }
  }

  private static void assertRaw(
      @Nullable TokenLogprobs found, float[] logits, int token, int alternatives) {
    if (found == null) {
      throw new AssertionError("no log-probabilities of token " + token);
    }
    double greatest = -Double.MAX_VALUE;
    for (float logit : logits) {
      greatest = Math.max(greatest, logit);
    }
    double sum = 0;
    int above = 0;
    int notBelow = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - greatest);
      above += logit > logits[token] + LOGPROB_BOUND ? 1 : 0;
      notBelow += logit >= logits[token] - LOGPROB_BOUND ? 1 : 0;
    }
    double total = greatest + Math.log(sum);
    assertThat(found.token()).isEqualTo(token);
    assertThat((double) found.logprob()).isCloseTo(logits[token] - total, within(LOGPROB_BOUND));
    assertThat(found.rank()).isBetween(1 + above, notBelow);
    assertThat(found.alternatives()).hasSize(alternatives).doesNotHaveDuplicates();
    float[] sorted = logits.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < alternatives; i++) {
      double expected = sorted[sorted.length - 1 - i] - total;
      assertThat((double) found.alternativeLogprobs()[i])
          .isCloseTo(expected, within(LOGPROB_BOUND));
      assertThat((double) logits[found.alternatives()[i]] - total)
          .isCloseTo(expected, within(LOGPROB_BOUND));
    }
  }

  private static void assertNear(@Nullable TokenLogprobs got, @Nullable TokenLogprobs wanted) {
    assertThat(got == null).isEqualTo(wanted == null);
    if (got != null && wanted != null) {
      assertThat(got.token()).isEqualTo(wanted.token());
      assertThat(got.logprob()).isCloseTo(wanted.logprob(), within((float) LOGPROB_BOUND));
    }
  }

  private static void run(BlockStep step, SampledSequence sequence, int steps) {
    for (int i = 0; i < steps && !sequence.hasEnded(); i++) {
      sequence.advance(step.run(List.of(sequence)), 0);
    }
  }

  private static int[] prompt(Random random, BlockModel model) {
    return random.ints(1 + random.nextInt(9), 0, model.vocabulary()).toArray();
  }
}
