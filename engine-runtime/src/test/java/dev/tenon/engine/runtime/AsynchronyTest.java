package dev.tenon.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineHealth;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.FinishReason;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.fake.FakeBackend;
import dev.tenon.engine.tck.fake.FakeOptions;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@SuppressWarnings("try") // streams are closed early on purpose
class AsynchronyTest {
  private static final SamplingParameters ENDLESS =
      SamplingParameters.builder().temperature(0.0).maxTokens(50).ignoreEndOfText(true).build();

  private final FakeEngine fake = new FakeEngine().options(FakeOptions.defaults().held());

  @Test
  void planOfTheNextStepStartsBeforeTheResultOfTheOneBeforeIsThere() throws Exception {
    try (Engine engine = fake.start();
        GenerationStream stream = engine.submit(request(1, 2, 3))) {
      await(() -> fake.backend().launched() == 2);
      assertThat(engine.statistics().steps()).isZero();
      assertThat(stream.await(Duration.ofMillis(20))).isFalse();
      fake.backend().release();
      await(() -> fake.backend().launched() == 3);
      assertThat(stream.next()).isInstanceOf(GenerationEvent.PromptProcessed.class);
      stream.close();
      releaseForEver(fake.backend());
    }
  }

  @Test
  void noMoreThanTwoStepsAreLaunchedAhead() throws Exception {
    try (Engine engine = fake.start();
        GenerationStream stream = engine.submit(request(1))) {
      await(() -> fake.backend().launched() == 2);
      Thread.sleep(50);
      assertThat(fake.backend().launched()).isEqualTo(2);
      stream.close();
      releaseForEver(fake.backend());
    }
  }

  @Test
  void draftsMadeOnTheHostWaitForTheTokensTheyContinue() throws Exception {
    fake.drafts(2).hostSpeculator((tokens, length, most) -> new int[0]);
    try (Engine engine = fake.start();
        GenerationStream stream = engine.submit(request(1))) {
      await(() -> fake.backend().launched() == 1);
      Thread.sleep(50);
      assertThat(fake.backend().launched()).isEqualTo(1);
      stream.close();
      releaseForEver(fake.backend());
    }
  }

  @Test
  void aSpeculatorThatDraftsUnknownIdsEndsTheEngineWithItsName() throws Exception {
    FakeEngine wild = new FakeEngine();
    wild.drafts(2).hostSpeculator((tokens, length, most) -> new int[] {-7});
    try (Engine engine = wild.start()) {
      GenerationStream stream = engine.submit(request(1));
      assertThatThrownBy(() -> Outcome.of(stream))
          .hasMessageContaining("drafted id -7; ids are 0 to 95");
    }
  }

  @Test
  void cancellationTakesEffectWithinOneStep() throws Exception {
    try (Engine engine = fake.start();
        GenerationStream stream = engine.submit(request(1, 2))) {
      await(() -> fake.backend().launched() == 2);
      stream.close();
      assertThat(stream.next()).isNull();
      fake.backend().release();
      fake.backend().release();
      await(() -> engine.statistics().steps() == 2 && engine.statistics().slotsUsed() == 0);
      assertThat(fake.backend().launched()).isEqualTo(2);
      assertThat(engine.statistics().pagesUsed()).isZero();
      assertThat(engine.statistics().finished().get(FinishReason.CANCELLED)).isEqualTo(1);
    }
  }

  @Test
  void aFaultEndsAllStreamsAndTheEngine() throws Exception {
    try (Engine engine = fake.start()) {
      fake.backend().failFrom(1);
      GenerationStream first = engine.submit(request(1, 2));
      GenerationStream second = engine.submit(request(3));
      releaseForEver(fake.backend());
      assertThatThrownBy(() -> Outcome.of(first)).satisfies(AsynchronyTest::isDeviceFault);
      assertThatThrownBy(() -> Outcome.of(second)).satisfies(AsynchronyTest::isDeviceFault);
      await(() -> engine.health().state() == EngineHealth.State.FAILED);
      assertThat(engine.health().reason()).contains("fault injected in step 1");
      assertThatThrownBy(() -> engine.submit(request(1)))
          .satisfies(AsynchronyTest::isDeviceFault)
          .hasMessageContaining("fault injected in step 1");
    }
    assertThat(fake.backend().isClosed()).isTrue();
  }

  @Test
  void closingTheEngineEndsRunningStreams() throws Exception {
    GenerationStream stream;
    Engine engine = fake.start();
    stream = engine.submit(request(5));
    await(() -> fake.backend().launched() == 2);
    Thread closer = Thread.ofPlatform().start(engine::close);
    await(() -> closer.getState() == Thread.State.TIMED_WAITING);
    releaseForEver(fake.backend());
    closer.join();
    engine.close();
    assertThatThrownBy(() -> Outcome.of(stream))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
    assertThatThrownBy(() -> engine.submit(request(1)))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
    assertThat(engine.health().state()).isEqualTo(EngineHealth.State.CLOSED);
  }

  @Test
  void drainingRefusesNewRequestsAndWaitsForTheRunningOnes() throws Exception {
    try (Engine engine = fake.start()) {
      GenerationStream stream = engine.submit(request(7));
      assertThat(engine.drain(Duration.ofMillis(20))).isFalse();
      assertThat(engine.health().state()).isEqualTo(EngineHealth.State.DRAINING);
      assertThatThrownBy(() -> engine.submit(request(1))).hasMessageContaining("shutting down");
      releaseForEver(fake.backend());
      assertThat(engine.drain(Duration.ofSeconds(30))).isTrue();
      assertThat(Outcome.of(stream).tokens(0)).hasSize(50);
    }
  }

  @Test
  void aFullQueueIsRefusedAndHasRoomAgainAfterACancellation() throws Exception {
    fake.slots(1).config(c -> c.maxWaiting(2));
    try (Engine engine = fake.start()) {
      GenerationStream running = engine.submit(request(1));
      await(() -> fake.backend().launched() > 0);
      GenerationStream second = engine.submit(request(2));
      GenerationStream third = engine.submit(request(3));
      assertThatThrownBy(() -> engine.submit(request(4)))
          .isInstanceOfSatisfying(
              TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.QUEUE_FULL));
      second.close();
      fake.backend().release();
      GenerationStream fourth = awaitRoom(() -> engine.submit(request(4)));
      running.close();
      third.close();
      fourth.close();
      releaseForEver(fake.backend());
    }
  }

  @Test
  void requestsSubmittedTogetherMeetInTheFirstStep() throws Exception {
    try (Engine engine = fake.start()) {
      List<GenerationStream> streams =
          engine.submitAll(List.of(request(1, 2), request(3), request(4, 5, 6)));
      await(() -> fake.backend().launched() == 2);
      fake.backend().release();
      for (GenerationStream stream : streams) {
        assertThat(stream.next()).isInstanceOf(GenerationEvent.PromptProcessed.class);
      }
      assertThat(engine.statistics().steps()).isEqualTo(1);
      streams.forEach(GenerationStream::close);
      releaseForEver(fake.backend());
    }
  }

  @Test
  void ofRequestsSubmittedTogetherAllAreQueuedOrNone() throws Exception {
    fake.slots(1).config(c -> c.maxWaiting(2));
    try (Engine engine = fake.start()) {
      assertThat(engine.submitAll(List.of())).isEmpty();
      assertThatThrownBy(() -> engine.submitAll(List.of(request(1), request(-7))))
          .hasMessageContaining("-7");
      assertThatThrownBy(() -> engine.submitAll(List.of(request(1), request(2), request(3))))
          .hasMessageContaining("3 requests are more than may wait")
          .isInstanceOfSatisfying(
              TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.QUEUE_FULL));
      List<GenerationStream> streams = engine.submitAll(List.of(request(1), request(2)));
      streams.forEach(GenerationStream::close);
      releaseForEver(fake.backend());
    }
  }

  private static GenerationRequest request(int... prompt) {
    return GenerationRequest.of(Prompt.of(prompt), ENDLESS);
  }

  private static void isDeviceFault(Throwable failure) {
    assertThat(failure).isInstanceOf(TenonException.class);
    assertThat(((TenonException) failure).code()).isEqualTo(ErrorCode.DEVICE_FAULT);
  }

  private static void releaseForEver(FakeBackend backend) {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          while (!backend.isClosed()) {
            backend.release();
            Thread.onSpinWait();
          }
        });
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Thread.sleep(1);
    }
  }

  /** Repeats until the queue has room. */
  private static GenerationStream awaitRoom(Supplier<GenerationStream> submission)
      throws InterruptedException {
    while (true) {
      try {
        return submission.get();
      } catch (TenonException full) {
        assertThat(full.code()).isEqualTo(ErrorCode.QUEUE_FULL);
        Thread.sleep(1);
      }
    }
  }
}
