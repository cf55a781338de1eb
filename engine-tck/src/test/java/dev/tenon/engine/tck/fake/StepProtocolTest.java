package dev.tenon.engine.tck.fake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.asserting.AssertingBackend;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.CapturedStep;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.StepTicket;
import dev.tenon.spi.speculation.SpeculatorProvider.Drafter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both the fake backend and the asserting wrapper find each way to break the protocol. */
class StepProtocolTest {
  private static final int[] PROMPT = {3, 1, 4, 1, 5};
  private static final int[] NONE = {};
  private static final SlotSampling GREEDY =
      new SlotSampling(
          0, 1, 0, 0, 1, 0, 0, 0, NONE, new float[0], null, new int[0][], 50, 0, 10, NONE, -1, -1);

  /** Who checks. */
  enum Checker {
    FAKE,
    WRAPPER
  }

  private final FakeBackend fake = new FakeBackend(FakeOptions.defaults());
  private Backend backend = fake;

  private CapturedStep open(Checker checker) {
    // The wrapper comes first: it finds what the fake backend would find after it.
    backend = checker == Checker.FAKE ? fake : new AssertingBackend(fake, Drafter.MODEL_HEAD);
    StateView states =
        backend.allocate(new StatePlan(List.of(), 4, 8, 2, new StateLimits(32, 0, 50)));
    FakeModel model = new FakeModel();
    return backend.capture(
        new StepShape(16, 2, 16, 0),
        states,
        model::forward,
        step -> backend.ops().sampling().sample(step, FakeHandle.ANY));
  }

  private static StepTicket launch(CapturedStep step, StepBatch batch) {
    step.launchForward(batch);
    return step.launchSample(null);
  }

  private static void refuses(CapturedStep step, StepBatch batch, String message) {
    assertThatThrownBy(() -> launch(step, batch)).hasMessageContaining(message);
  }

  private static SlotSetup setup(int slot) {
    return new SlotSetup(slot, GREEDY, PROMPT, PROMPT.length);
  }

  private static StepBatch prefill(long id, int slot, int start, int rows, int... pages) {
    boolean last = start + rows == PROMPT.length;
    int[] tokens = Arrays.copyOfRange(PROMPT, start, start + rows);
    return new StepBatch(
        id,
        start == 0 ? List.of(setup(slot)) : List.of(),
        pages,
        new int[] {slot},
        new byte[] {last ? StepBatch.PREFILL_LAST : StepBatch.PREFILL},
        new int[] {start},
        new int[] {0, rows},
        tokens,
        new int[] {last ? -1 : PROMPT[start + rows]},
        new int[] {0},
        last ? new int[] {rows - 1} : NONE,
        NONE);
  }

  private static StepBatch decode(long id, int slot, int start, int... pages) {
    return new StepBatch(
        id,
        List.of(),
        pages,
        new int[] {slot},
        new byte[] {StepBatch.DECODE},
        new int[] {start},
        new int[] {0, 1},
        new int[] {0},
        new int[] {-1},
        new int[] {0},
        new int[] {0},
        NONE);
  }

  @ParameterizedTest
  @EnumSource
  void servesChunksAndDecodes(Checker checker) throws InterruptedException {
    try (CapturedStep step = open(checker)) {
      launch(step, prefill(0, 1, 0, 3, 1, 0, 7)).await();
      int first = launch(step, prefill(1, 1, 3, 2, 1, 1, 2)).await().tokens()[0];
      StepOutput second = launch(step, decode(2, 1, 5)).await();
      assertThat(new int[] {first, second.tokens()[0]})
          .isEqualTo(Arrays.copyOf(FakeTokens.expected(PROMPT, GREEDY, 32), 2));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSlotNeedsASetup(Checker checker) {
    try (CapturedStep step = open(checker)) {
      refuses(step, decode(0, 1, 5), "never set up");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDecodeNeedsAWholePrompt(Checker checker) {
    try (CapturedStep step = open(checker)) {
      launch(step, prefill(0, 0, 0, 3, 0, 0, 7));
      refuses(step, decode(1, 0, 5, 0, 1, 6), "before its prompt ends");
    }
  }

  @ParameterizedTest
  @EnumSource
  void chunksMustContinueEachOther(Checker checker) {
    try (CapturedStep step = open(checker)) {
      launch(step, prefill(0, 0, 0, 3, 0, 0, 7));
      refuses(step, prefill(1, 0, 4, 1, 0, 1, 6), "rows 4 to");
    }
  }

  @ParameterizedTest
  @EnumSource
  void pagesMustCoverWhatIsWritten(Checker checker) {
    try (CapturedStep step = open(checker)) {
      refuses(step, prefill(0, 0, 0, 5, 0, 0, 7), "pages");
    }
  }

  @ParameterizedTest
  @EnumSource
  void pagesMustNotBeShared(Checker checker) throws InterruptedException {
    try (CapturedStep step = open(checker)) {
      launch(step, prefill(0, 0, 0, 4, 0, 0, 7)).await();
      launch(step, prefill(1, 1, 0, 4, 1, 0, 7)).await();
      refuses(step, prefill(2, 0, 4, 1, 0, 1, 6), "given to another sequence");
    }
  }

  @ParameterizedTest
  @EnumSource
  void logitRowsMustBeThoseNeeded(Checker checker) {
    try (CapturedStep step = open(checker)) {
      StepBatch good = prefill(0, 0, 0, 5, 0, 0, 7, 0, 1, 6);
      StepBatch bad =
          new StepBatch(
              0,
              good.setups(),
              good.pages(),
              good.slots(),
              good.kinds(),
              good.starts(),
              good.rowOffsets(),
              good.tokens(),
              good.nextTokens(),
              good.hostDrafts(),
              NONE,
              NONE);
      refuses(step, bad, "logits missing");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSlotMustNotChangeHandsWhileItsStepRuns(Checker checker) {
    try (CapturedStep step = open(checker)) {
      launch(step, prefill(0, 0, 0, 3, 0, 0, 7));
      refuses(step, prefill(1, 0, 0, 3, 0, 0, 6), "changes hands");
    }
  }

  @ParameterizedTest
  @EnumSource
  void forwardAndSampleComeInPairsFromOneThread(Checker checker) throws InterruptedException {
    try (CapturedStep step = open(checker)) {
      assertThatThrownBy(() -> step.launchSample(null)).hasMessageContaining("without forward");
      launch(step, prefill(0, 0, 0, 3, 0, 0, 7));
      Throwable[] failure = new Throwable[1];
      Thread other =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  launch(step, prefill(1, 0, 3, 2, 0, 1, 6));
                } catch (TenonException | AssertionError expected) {
                  failure[0] = expected;
                }
              });
      other.join();
      assertThat(failure[0]).hasMessageContaining("launches from");
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsUsedAfterClosing(Checker checker) {
    CapturedStep step = open(checker);
    backend.close();
    backend.close();
    assertThatThrownBy(() -> launch(step, prefill(0, 0, 0, 3, 0, 0, 7)))
        .hasMessageMatching(".*clos.*");
    step.close();
    step.close();
    assertThatThrownBy(() -> launch(step, prefill(0, 0, 0, 3, 0, 0, 7)))
        .hasMessageMatching(".*clos.*");
  }

  @Test
  void anEndedSlotBringsNothing() throws InterruptedException {
    try (CapturedStep step = open(Checker.WRAPPER)) {
      int[] pages = {0, 0, 7, 0, 1, 6, 0, 2, 5, 0, 3, 4};
      launch(step, prefill(0, 0, 0, 5, pages)).await();
      for (int i = 1; i < 10; i++) {
        assertThat(launch(step, decode(i, 0, 4 + i)).await().counts()[0]).isEqualTo(1);
      }
      StepOutput after = launch(step, decode(10, 0, 14)).await();
      assertThat(after.counts()[0]).isZero();
      assertThat(after.ends()[0]).isEqualTo(StepOutput.RUNNING);
    }
  }
}
