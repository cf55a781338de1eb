package dev.tenon.distribution.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.Engine;
import dev.tenon.api.FinishReason;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.SpeculationConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an earlier owner of a slot and of pages left there changes nothing. */
class SlotReuseTest {
  private static final int[] LENGTHS = {33, 1, 70, 4};
  private static final int TOKENS = 24;

  private static Engine open(int drafts) {
    Path checkpoint = ChangedCheckpoint.agreeable();
    return Engine.open(
        GoldenRun.config(
            checkpoint,
            b ->
                b.maxModelLen(100)
                    .maxNumSeqs(1)
                    .numBlocks(8)
                    .speculation(drafts == 0 ? null : new SpeculationConfig("mtp", drafts))));
  }

  private static List<GenerationRequest> requests() {
    return Samples.requests(LENGTHS, TOKENS, 99, s -> s.temperature(0.5));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  void aUsedSlotGivesTheSameBitsAsAFreshOne(int drafts) {
    List<Answer> fresh = new ArrayList<>();
    for (GenerationRequest request : requests()) {
      try (Engine engine = open(drafts)) {
        fresh.add(Answer.read(engine.submit(request)));
      }
    }
    try (Engine engine = open(drafts)) {
      for (int round = 0; round < 2; round++) {
        for (int i = 0; i < LENGTHS.length; i++) {
          Answer answer = Answer.read(engine.submit(requests().get(i)));
          assertThat(answer.tokens()).containsExactly(fresh.get(i).tokens());
          assertThat(answer.logits()).containsExactly(fresh.get(i).logits());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void aCancelledRequestLeavesNothingBehind(int drafts) throws InterruptedException {
    try (Engine engine = open(drafts)) {
      Answer expected = Answer.read(engine.submit(requests().get(2)));
      try (GenerationStream cancelled = engine.submit(requests().get(0))) {
        GenerationEvent event = cancelled.next();
        while (event != null && !(event instanceof GenerationEvent.Delta)) {
          event = cancelled.next();
        }
      }
      Answer answer = Answer.read(engine.submit(requests().get(2)));
      assertThat(answer.tokens()).containsExactly(expected.tokens());
      assertThat(answer.logits()).containsExactly(expected.logits());
      assertThat(answer.end()).isEqualTo(FinishReason.LENGTH);
      // Pages and slots return after the step that was planned before the end was known.
      long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
      while (engine.statistics().pagesUsed() > 0 && System.nanoTime() < deadline) {
        Thread.sleep(1);
      }
      assertThat(engine.statistics().pagesUsed()).isZero();
      assertThat(engine.statistics().slotsUsed()).isZero();
    }
  }
}
