package dev.tenon.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.EngineConfig.ChunkedPrefill;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SchedulingPolicy;
import dev.tenon.engine.tck.fake.FakeOptions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FairnessTest {
  private static GenerationRequest request(int promptLength, int maxTokens, int priority) {
    int[] prompt = new int[promptLength];
    for (int i = 0; i < promptLength; i++) {
      prompt[i] = (i * 7 + promptLength) % 90;
    }
    SamplingParameters sampling =
        SamplingParameters.builder()
            .temperature(0.0)
            .maxTokens(maxTokens)
            .ignoreEndOfText(true)
            .build();
    return new GenerationRequest("r", Prompt.of(prompt), sampling, priority, null);
  }

  private static int tokens(SteppedEngine.Handle handle) throws InterruptedException {
    handle.isComplete();
    return handle.outcome().tokens(0).length;
  }

  @Test
  void decodesGoOnWhileALongPromptIsProcessed() throws InterruptedException {
    FakeEngine fake = new FakeEngine().rows(8).slots(4).maxLength(256).pages(256);
    SteppedEngine engine = new SteppedEngine(fake.parts());
    SteppedEngine.Handle decode = engine.submit(request(2, 100, 0));
    for (int i = 0; i < 4; i++) {
      engine.step();
    }
    int before = tokens(decode);
    SteppedEngine.Handle longPrompt = engine.submit(request(200, 5, 0));
    int steps = 0;
    while (tokens(longPrompt) == 0) {
      engine.step();
      steps++;
    }
    assertThat(steps).isLessThan(40);
    assertThat(tokens(decode) - before).isBetween(steps - 2, steps);
    engine.runToIdle();
    longPrompt.isComplete();
    longPrompt.requireExpected(fake);
  }

  @Test
  void promptsAreProcessedWhileDecodesFillTheirShare() throws InterruptedException {
    FakeEngine fake =
        new FakeEngine()
            .rows(8)
            .slots(4)
            .drafts(3)
            .maxLength(400)
            .pages(512)
            .options(FakeOptions.defaults().withDraftAccuracy(0));
    SteppedEngine engine = new SteppedEngine(fake.parts());
    List<SteppedEngine.Handle> decodes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      decodes.add(engine.submit(request(2 + i, 300, 0)));
    }
    for (int i = 0; i < 5; i++) {
      engine.step();
    }
    SteppedEngine.Handle late = engine.submit(request(40, 5, 0));
    int steps = 0;
    while (tokens(late) == 0) {
      engine.step();
      steps++;
    }
    assertThat(steps).isLessThan(25);
    for (SteppedEngine.Handle decode : decodes) {
      assertThat(tokens(decode)).isGreaterThan(steps / 2);
    }
  }

  @Test
  void aPromptThatMayNotBeCutRunsThoughDecodesFillEveryStep() throws InterruptedException {
    FakeEngine fake =
        new FakeEngine()
            .rows(4)
            .slots(4)
            .maxLength(40)
            .pages(64)
            .config(c -> c.chunkedPrefill(ChunkedPrefill.DISABLED));
    SteppedEngine engine = new SteppedEngine(fake.parts());
    SteppedEngine.Handle decode = engine.submit(request(2, 37, 0));
    engine.step();
    SteppedEngine.Handle whole = engine.submit(request(39, 1, 0));
    for (int i = 0; i < 5; i++) {
      engine.step();
    }
    assertThat(tokens(whole)).isEqualTo(1);
    assertThat(tokens(decode)).isGreaterThanOrEqualTo(2);
    engine.runToIdle();
    decode.isComplete();
    decode.requireExpected(fake);
    whole.requireExpected(fake);
  }

  @Test
  void firstComeIsFirstServed() throws InterruptedException {
    assertThat(orderOfEnds(SchedulingPolicy.FCFS, 0, 0, 0)).containsExactly(0, 1, 2);
  }

  @Test
  void lowerPriorityValuesAreServedFirst() throws InterruptedException {
    assertThat(orderOfEnds(SchedulingPolicy.PRIORITY, 5, 1, 3)).containsExactly(1, 2, 0);
  }

  private static List<Integer> orderOfEnds(SchedulingPolicy policy, int... priorities)
      throws InterruptedException {
    FakeEngine fake = new FakeEngine().slots(1).config(c -> c.schedulingPolicy(policy));
    SteppedEngine engine = new SteppedEngine(fake.parts());
    List<SteppedEngine.Handle> handles = new ArrayList<>();
    for (int priority : priorities) {
      handles.add(engine.submit(request(3, 4, priority)));
    }
    List<Integer> order = new ArrayList<>();
    while (order.size() < priorities.length) {
      engine.step();
      for (int i = 0; i < handles.size(); i++) {
        if (!order.contains(i) && handles.get(i).isComplete()) {
          order.add(i);
        }
      }
    }
    return order;
  }

  @Test
  void aPreemptedSequenceGoesOnWhereItWas() throws InterruptedException {
    FakeEngine fake = new FakeEngine().slots(2).rows(16).pages(10).maxLength(37);
    SteppedEngine engine = new SteppedEngine(fake.parts());
    SteppedEngine.Handle first = engine.submit(request(5, 30, 0));
    SteppedEngine.Handle second = engine.submit(request(6, 30, 0));
    engine.runToIdle();
    assertThat(engine.statistics().preemptions()).isPositive();
    assertThat(engine.statistics().promptTokens()).isEqualTo(11);
    for (SteppedEngine.Handle handle : List.of(first, second)) {
      assertThat(handle.isComplete()).isTrue();
      handle.requireExpected(fake);
      assertThat(handle.outcome().positions(GenerationEvent.PromptProcessed.class)).hasSize(1);
    }
    engine.checkIntegrity();
  }
}
