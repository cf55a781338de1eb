package dev.tenon.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.EngineStatistics;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.Prompt;
import dev.tenon.api.TokenLogprobs;
import dev.tenon.engine.runtime.admission.AdmittedRequest;
import dev.tenon.engine.runtime.scheduler.ActiveRequest;
import dev.tenon.engine.runtime.step.Command;
import dev.tenon.engine.runtime.stream.Cancellation;
import dev.tenon.engine.runtime.stream.RequestChannel;
import dev.tenon.engine.runtime.stream.RequestStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** An engine without a thread: the test takes each step itself. */
final class SteppedEngine {
  private final Assembly assembly;
  private long arrivals;

  SteppedEngine(EngineParts parts) {
    assembly = Assembly.of(parts);
  }

  /** A request under way. */
  static final class Handle {
    private final GenerationRequest request;
    private final GenerationStream stream;
    private final Outcome outcome = new Outcome();
    private int cancelAfter = -1;

    Handle(GenerationRequest request, GenerationStream stream) {
      this.request = request;
      this.stream = stream;
    }

    GenerationStream stream() {
      return stream;
    }

    Outcome outcome() {
      return outcome;
    }

    /** Reads what is there; answers whether the stream is over. */
    boolean isComplete() throws InterruptedException {
      while (stream.await(Duration.ZERO)) {
        GenerationEvent event = stream.next();
        if (event == null) {
          return true;
        }
        outcome.add(event);
      }
      return false;
    }

    /** Whether to cancel now: three of ten requests are, each at a random step of its life. */
    boolean shouldCancel(Random random) {
      if (cancelAfter < 0) {
        cancelAfter = random.nextInt(100) < 33 ? random.nextInt(24) : Integer.MAX_VALUE;
      }
      return cancelAfter-- == 0;
    }

    /** Checks each choice against the closed form. */
    void requireExpected(FakeEngine fake) {
      int[] prompt = ((Prompt.Tokens) request.prompt()).ids();
      for (int choice = 0; choice < request.sampling().n(); choice++) {
        assertThat(outcome.tokens(choice))
            .as("choice %d of %s, %s", choice, request.prompt(), request.sampling())
            .isEqualTo(Expected.tokens(prompt, request.sampling(), choice, fake));
        assertThat(outcome.end(choice).outputTokens()).isEqualTo(outcome.tokens(choice).length);
      }
      assertThat(outcome.ends).hasSize(request.sampling().n());
      GenerationEvent.PromptProcessed first =
          (GenerationEvent.PromptProcessed) outcome.events.getFirst();
      if (request.sampling().promptLogprobs() == null) {
        assertThat(first.logprobs()).isNull();
      } else {
        assertThat(first.logprobs())
            .extracting(TokenLogprobs::token)
            .containsExactly(Arrays.stream(prompt).skip(1).boxed().toArray(Integer[]::new));
      }
      for (GenerationEvent event : outcome.events) {
        if (event instanceof GenerationEvent.Delta delta) {
          requireLogprobs(delta);
        }
      }
    }

    private void requireLogprobs(GenerationEvent.Delta delta) {
      if (request.sampling().logprobs() == null) {
        assertThat(delta.logprobs()).isNull();
      } else {
        assertThat(delta.logprobs())
            .extracting(TokenLogprobs::token)
            .containsExactly(Arrays.stream(delta.tokens()).boxed().toArray(Integer[]::new));
      }
    }
  }

  Handle submit(GenerationRequest request) {
    AdmittedRequest admitted = assembly.admission().admit(request);
    assertThat(assembly.gauge().tryEnter(1)).isTrue();
    RequestChannel channel = new RequestChannel();
    GenerationRequest.Diagnostics diagnostics = request.diagnostics();
    ActiveRequest active =
        new ActiveRequest(
            request.id(),
            admitted.prompt(),
            request.priority(),
            arrivals++,
            System.nanoTime(),
            diagnostics == null ? ActiveRequest.NO_DIAGNOSIS : diagnostics.draftTokens(),
            admitted.samplings(),
            channel);
    assembly.commands().add(new Command.Submit(List.of(active)));
    Cancellation cancellation =
        new Cancellation() {
          @Override
          public void choiceComplete(int choice) {
            assembly.commands().add(new Command.CompleteChoice(active, choice));
          }

          @Override
          public void cancel() {
            assembly.commands().add(new Command.Cancel(active));
          }
        };
    return new Handle(
        request,
        new RequestStream(
            request.id(),
            admitted.prompt(),
            admitted.samplings().size(),
            admitted.style(),
            channel,
            cancellation));
  }

  boolean step() throws InterruptedException {
    return assembly.loop().step();
  }

  void runToIdle() throws InterruptedException {
    int steps = 0;
    while (assembly.loop().step()) {
      assertThat(++steps).isLessThan(100_000);
    }
    assertThat(assembly.loop().isIdle()).isTrue();
  }

  void checkIntegrity() {
    assembly.loop().checkIntegrity();
  }

  EngineStatistics statistics() {
    return assembly.statistics().snapshot();
  }

  int active() {
    return assembly.gauge().active();
  }
}
