package dev.tenon.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.EngineConfig.ChunkedPrefill;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.SchedulingPolicy;
import dev.tenon.engine.tck.Randoms;
import dev.tenon.engine.tck.fake.FakeOptions;
import dev.tenon.engine.tck.fake.FakeTokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random arrivals, lengths, cancels and priorities on pools that are much too small. */
@Timeout(120)
class ArrivalsPropertyTest {
  private static final int REQUESTS = 10_000;

  /** Kinds of engines. */
  enum Setting {
    PLAIN {
      @Override
      FakeEngine engine(Random random) {
        return new FakeEngine().slots(8).pages(24).rows(8 + random.nextInt(24)).maxLength(48);
      }
    },
    DRAFTS {
      @Override
      FakeEngine engine(Random random) {
        return new FakeEngine()
            .options(FakeOptions.defaults().withDraftAccuracy(random.nextDouble()))
            .slots(6)
            .pages(26)
            .rows(6 + random.nextInt(24))
            .maxLength(48)
            .drafts(1 + random.nextInt(4));
      }
    },
    HOST_DRAFTS {
      @Override
      FakeEngine engine(Random random) {
        return new FakeEngine()
            .slots(5)
            .pages(20)
            .rows(12)
            .maxLength(40)
            .drafts(3)
            .hostSpeculator((tokens, length, most) -> {
              int[] drafts = new int[random.nextInt(most + 1)];
              for (int i = 0; i < drafts.length; i++) {
                drafts[i] = random.nextInt(FakeTokenizer.SIZE);
              }
              return drafts;
            });
      }
    },
    PRIORITIES {
      @Override
      FakeEngine engine(Random random) {
        return new FakeEngine()
            .slots(8)
            .pages(20)
            .rows(16)
            .maxLength(48)
            .drafts(2)
            .config(c -> c.schedulingPolicy(SchedulingPolicy.PRIORITY));
      }
    },
    WHOLE_PROMPTS {
      @Override
      FakeEngine engine(Random random) {
        return new FakeEngine()
            .slots(6)
            .pages(24)
            .rows(8)
            .maxLength(48)
            .drafts(random.nextInt(3))
            .config(c -> c.chunkedPrefill(ChunkedPrefill.DISABLED));
      }
    };

    abstract FakeEngine engine(Random random);
  }

  @ParameterizedTest
  @EnumSource
  void everyRequestEndsOnceAndNothingLeaks(Setting setting) throws InterruptedException {
    Random random = Randoms.create("ArrivalsPropertyTest." + setting);
    FakeEngine fake = setting.engine(random);
    boolean priorities = setting == Setting.PRIORITIES;
    SteppedEngine engine = new SteppedEngine(fake.parts());
    List<SteppedEngine.Handle> open = new ArrayList<>();
    int count = REQUESTS / Setting.values().length;
    int submitted = 0;
    int cancelled = 0;
    int finished = 0;
    int steps = 0;
    while (submitted < count || !open.isEmpty()) {
      while (submitted < count && open.size() < 40 && random.nextInt(3) > 0) {
        open.add(engine.submit(request(random, fake, priorities)));
        submitted++;
      }
      engine.step();
      assertThat(++steps).as("steps").isLessThan(200 * count);
      if (steps % 64 == 0) {
        engine.checkIntegrity();
      }
      for (int i = open.size() - 1; i >= 0; i--) {
        SteppedEngine.Handle handle = open.get(i);
        if (handle.isComplete()) {
          handle.requireExpected(fake);
          open.remove(i);
          finished++;
        } else if (handle.shouldCancel(random)) {
          handle.stream().close();
          open.remove(i);
          cancelled++;
        }
      }
    }
    engine.runToIdle();
    engine.checkIntegrity();
    EngineStatistics statistics = engine.statistics();
    System.out.printf(
        "%s: %d steps, %d finished, %d cancelled, %d preemptions, %d of %d drafts accepted%n",
        setting,
        steps,
        finished,
        cancelled,
        statistics.preemptions(),
        statistics.acceptedTokens(),
        statistics.draftTokens());
    assertThat(finished + cancelled).isEqualTo(count);
    assertThat(statistics.pagesUsed()).isZero();
    assertThat(statistics.slotsUsed()).isZero();
    assertThat(statistics.running() + statistics.waiting()).isZero();
    assertThat(statistics.endToEnd().count()).isEqualTo(count);
    assertThat(statistics.preemptions()).isPositive();
    assertThat((double) cancelled / count).isBetween(0.2, 0.4);
    assertThat(engine.active()).isZero();
  }

  private static GenerationRequest request(Random random, FakeEngine fake, boolean priorities) {
    int[] prompt = random.ints(1 + random.nextInt(20), 0, FakeTokenizer.SIZE).toArray();
    SamplingParameters sampling =
        SamplingParameters.builder()
            .n(random.nextInt(8) == 0 ? 2 : 1)
            .temperature(random.nextBoolean() ? 0.0 : 1.0)
            .seed(random.nextLong())
            .maxTokens(1 + random.nextInt(fake.maxLength() - prompt.length))
            .ignoreEndOfText(random.nextBoolean())
            .promptLogprobs(random.nextInt(10) == 0 ? 1 : null)
            .logprobs(random.nextInt(10) == 0 ? 2 : null)
            .build();
    return new GenerationRequest(
        "r" + random.nextInt(1_000_000),
        Prompt.of(prompt),
        sampling,
        priorities ? random.nextInt(3) : 0,
        null);
  }
}
