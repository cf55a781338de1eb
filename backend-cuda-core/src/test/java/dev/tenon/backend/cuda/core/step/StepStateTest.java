package dev.tenon.backend.cuda.core.step;

import static dev.tenon.backend.cuda.core.step.StepFixture.PLAN;
import static dev.tenon.backend.cuda.core.step.StepFixture.SHAPE;
import static dev.tenon.backend.cuda.core.step.StepFixture.VOCABULARY;
import static dev.tenon.backend.cuda.core.step.StepFixture.batch;
import static dev.tenon.backend.cuda.core.step.StepFixture.sampling;
import static dev.tenon.backend.cuda.core.step.StepFixture.setup;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.TokenMasks;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.assertj.core.data.Index;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class StepStateTest {
  // positions in the words of an operation on a step
  private static final int BATCH = 13;
  private static final int RESULTS = 32;
  private static final int LOGITS = 34;
  private static final int MASKED = 36;
  private static final int MASKS = 37;
  private static final int LOGPROBS = 38;

  private final FakeDevice device = new FakeDevice();
  private final StepState state = StepFixture.state(device);
  private final long logits = device.allocate(4L * Float.BYTES * 12 * VOCABULARY);
  private final long[] words = state.sample(SHAPE, logits, VOCABULARY);

  @Test
  void memoryOfASlotIsStatedBeforeItIsTaken() {
    int more = 5;
    StatePlan larger =
        new StatePlan(
            PLAN.states(), PLAN.pageSize(), PLAN.pages(), PLAN.slots() + more, PLAN.limits());
    FakeDevice few = new FakeDevice();
    FakeDevice many = new FakeDevice();
    new StepState(few, PLAN, SHAPE);
    new StepState(many, larger, SHAPE);
    long stated = more * StepState.bytesPerSlot(PLAN.limits(), PLAN.pageSize());
    assertThat(many.allocated() - few.allocated()).isBetween(stated - 64, stated + 64);
  }

  @Test
  void aPromptMayBringAllOfThePoolsPagesAtOnce() {
    StepBatch given = batch(setups(-1, -1));
    int[] pages = new int[3 * PLAN.pages()];
    StepBatch all =
        new StepBatch(
            given.id(),
            given.setups(),
            pages,
            given.slots(),
            given.kinds(),
            given.starts(),
            given.rowOffsets(),
            given.tokens(),
            given.nextTokens(),
            given.hostDrafts(),
            given.logitRows(),
            given.logitsWanted());
    state.upload(all, SHAPE);
    assertThat(FakeDevice.ints(words[BATCH], 4)[3]).isEqualTo(PLAN.pages());
  }

  @Test
  void batchesAreLaidOutAsTheKernelsReadThem() {
    StepBatch given = batch(setups(-1, -1));
    state.upload(given, SHAPE);
    int[] laid = FakeDevice.ints(words[BATCH], 64);
    assertThat(Arrays.copyOf(laid, 4)).containsExactly(5, 2, 5, 1);
    assertThat(array(laid, 4, 3)).containsExactly(given.pages());
    assertThat(array(laid, 5, 2)).containsExactly(given.slots());
    assertThat(array(laid, 6, 2)).containsExactly(0, 2);
    assertThat(array(laid, 7, 2)).containsExactly(given.starts());
    assertThat(array(laid, 8, 3)).containsExactly(given.rowOffsets());
    assertThat(array(laid, 9, 2)).containsExactly(given.nextTokens());
    assertThat(array(laid, 10, 2)).containsExactly(given.hostDrafts());
    assertThat(array(laid, 11, 5)).containsExactly(given.logitRows());
    assertThat(array(laid, 12, 5)).containsExactly(given.tokens());
    assertThat(words[LOGITS]).isEqualTo(logits);
  }

  @Test
  void resultsAreReadBySequence() {
    LaunchedStep step = state.upload(batch(setups(-1, -1)), SHAPE);
    putResults(0);
    state.afterSample(step);
    StepOutput output = state.read(step);
    assertThat(output.id()).isEqualTo(9);
    assertThat(output.width()).isEqualTo(3);
    assertThat(output.counts()).containsExactly(0, 2);
    assertThat(output.ends()).containsExactly(StepOutput.RUNNING, StepOutput.ENDED_BY_LENGTH);
    assertThat(output.tokens()).containsExactly(0, 0, 0, 31, 32, 0);
    assertThat(output.drafts()).containsExactly(0, 0, 71, 72);
    assertThat(output.logprobs()).isEmpty();
    assertThat(output.promptLogprobs()).isEmpty();
  }

  @Test
  void aFaultOfTheDeviceIsTold() {
    LaunchedStep step = state.upload(batch(setups(-1, -1)), SHAPE);
    putResults(1);
    state.afterSample(step);
    assertThatThrownBy(() -> state.read(step))
        .isInstanceOf(TenonException.class)
        .hasMessageContaining("step 9")
        .extracting(e -> ((TenonException) e).code())
        .isEqualTo(ErrorCode.DEVICE_FAULT);
  }

  @Test
  void logProbabilitiesComeFromTheDevice() {
    LaunchedStep step = state.upload(batch(setups(2, 0)), SHAPE);
    putResults(0);
    for (int row = 0; row < 5; row++) {
      long at = words[LOGPROBS] + (long) row * ResultReader.LOGPROBS_BYTES;
      int alternatives = row < 3 ? 0 : 2;
      FakeDevice.put(at, 100 + row, Float.floatToIntBits(-row), 1 + row, alternatives, 5, 6);
      FakeDevice.put(at + 144, Float.floatToIntBits(-0.5f), Float.floatToIntBits(-1.5f));
    }
    state.afterSample(step);
    StepOutput output = state.read(step);
    assertThat(output.promptLogprobs()).containsOnlyKeys(0, 1, 2);
    assertThat(Objects.requireNonNull(output.promptLogprobs().get(2)).token()).isEqualTo(4);
    assertThat(output.logprobs()).containsOnlyKeys(3, 4);
    TokenLogprobs second = Objects.requireNonNull(output.logprobs().get(4));
    assertThat(second.token()).isEqualTo(32);
    assertThat(second.logprob()).isEqualTo(-4);
    assertThat(second.rank()).isEqualTo(5);
    assertThat(second.alternatives()).containsExactly(5, 6);
    assertThat(second.alternativeLogprobs()).containsExactly(-0.5f, -1.5f);
  }

  @Test
  void manyAlternativesComeFromWholeRows() {
    LaunchedStep step = state.upload(batch(setups(VOCABULARY, -1), 0), SHAPE);
    for (int i = 0; i < 5 * VOCABULARY; i++) {
      FakeDevice.put(logits + 4L * i, Float.floatToIntBits(i % VOCABULARY == 31 ? 9 : 0));
    }
    state.beforeSample(step, null, logits, VOCABULARY);
    putResults(0);
    state.afterSample(step);
    StepOutput output = state.read(step);
    TokenLogprobs first = Objects.requireNonNull(output.logprobs().get(3));
    assertThat(first.alternatives()).hasSize(VOCABULARY).startsWith(31, 0, 1, 2);
    assertThat(first.rank()).isEqualTo(1);
    assertThat(first.logprob()).isCloseTo((float) -Math.log1p(299 * Math.exp(-9)), within());
    assertThat(Objects.requireNonNull(output.logprobs().get(4)).rank()).isEqualTo(2);
    assertThat(output.logits()).containsOnlyKeys(0);
    assertThat(output.logits().get(0)).hasSize(VOCABULARY).contains(9, Index.atIndex(31));
  }

  @Test
  void masksStayUntilTheNextStepWithoutAny() {
    StepBatch given = batch(setups(-1, -1));
    LaunchedStep step = state.upload(given, SHAPE);
    long[] allowed = new long[Math.ceilDiv(VOCABULARY, 64)];
    allowed[1] = 6;
    state.beforeSample(
        step, new TokenMasks(new int[] {3}, new long[][] {allowed}), logits, VOCABULARY);
    assertThat(FakeDevice.ints(words[MASKED], 6)).containsExactly(1, -1, -1, -1, 0, -1);
    assertThat(FakeDevice.ints(words[MASKS], 4)).containsExactly(0, 0, 6, 0);
    state.beforeSample(step, null, logits, VOCABULARY);
    assertThat(FakeDevice.ints(words[MASKED], 1)).containsExactly(0);
  }

  @Test
  void pinnedMemoryIsReused() {
    for (int i = 0; i < 5; i++) {
      LaunchedStep first = state.upload(batch(setups(-1, -1)), SHAPE);
      LaunchedStep second = state.upload(batch(List.of()), SHAPE);
      putResults(0);
      state.afterSample(first);
      state.afterSample(second);
      state.read(first);
      state.read(second);
    }
    assertThat(device.pinnedBlocks()).isLessThanOrEqualTo(7);
  }

  @Test
  void manySetupsGoInSeveralLaunches() {
    int[] many = new int[VOCABULARY];
    Arrays.setAll(many, i -> i);
    SlotSampling plain = sampling(-1, -1);
    int count = 6000;
    SlotSetup[] setups = new SlotSetup[count];
    Arrays.setAll(setups, i -> new SlotSetup(i % 4, plain, many, VOCABULARY));
    state.upload(batch(List.of(setups)), SHAPE);
    assertThat(device.setups()).hasSizeGreaterThan(1);
    assertThat(device.setups().stream().mapToInt(all -> all.length / 48).sum()).isEqualTo(count);
  }

  @Test
  void batchesBeyondTheShapeAreRefused() {
    assertThatThrownBy(() -> state.upload(batch(setups(-1, -1)), new StepShape(4, 3, 12, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rows=5");
  }

  @Test
  void shapesBeyondTheLimitsAreRefused() {
    assertThatThrownBy(() -> state.takeOver(new StepShape(25, 3, 12, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("exceeds");
  }

  @Test
  void rowsOfShapesShareTheirAddresses() {
    StepShape small = new StepShape(2, 1, 2, 2);
    assertThat(state.targetRows(small).ids()).isEqualTo(state.targetRows(SHAPE).ids());
    assertThat(state.targetRows(small).maxRows()).isEqualTo(2);
    assertThat(state.draftRows(SHAPE, 1).maxRows()).isEqualTo(SHAPE.sequences());
    assertThat(state.draftRows(SHAPE, 0).maxSelected()).isEqualTo(SHAPE.sequences());
  }

  private static List<SlotSetup> setups(int logprobs, int promptLogprobs) {
    return List.of(setup(0, sampling(logprobs, -1)), setup(2, sampling(-1, promptLogprobs)));
  }

  /** Nothing of sequence 0; of sequence 1 two tokens, an end and two drafts. */
  private void putResults(int fault) {
    FakeDevice.put(words[RESULTS], fault, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 31, 32, 0, 71, 72);
  }

  private static int[] array(int[] laid, int word, int count) {
    return Arrays.copyOfRange(laid, laid[word], laid[word] + count);
  }

  private static Offset<Float> within() {
    return Offset.offset(1e-6f);
  }
}
