package dev.tenon.benchmarks.runtime;

import dev.tenon.api.EngineConfig.ChunkedPrefill;
import dev.tenon.api.SchedulingPolicy;
import dev.tenon.engine.runtime.scheduler.ActiveRequest;
import dev.tenon.engine.runtime.scheduler.Scheduler;
import dev.tenon.engine.runtime.scheduler.Seniority;
import dev.tenon.engine.runtime.state.StateCoordinator;
import dev.tenon.engine.runtime.statistics.StatisticsRecorder;
import dev.tenon.engine.runtime.step.Command;
import dev.tenon.engine.runtime.step.CommandQueue;
import dev.tenon.engine.runtime.step.EngineLoop;
import dev.tenon.engine.runtime.step.LoadGauge;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.engine.runtime.step.StepRunner;
import dev.tenon.engine.runtime.stream.RequestChannel;
import dev.tenon.engine.tck.fake.FakeBackend;
import dev.tenon.engine.tck.fake.FakeModel;
import dev.tenon.engine.tck.fake.FakeOptions;
import dev.tenon.engine.tck.fake.FakeSpeculator;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StepShape;
import java.util.Arrays;
import java.util.List;

/** The engine's loop on a fake backend, stepped by the caller. */
final class LoopOnFake {
  private static final int PAGE_SIZE = 16;
  private static final int ROWS = 16_384;
  private static final int VOCABULARY = 1000;

  private final CommandQueue commands = new CommandQueue();
  private final EngineLoop loop;

  LoopOnFake(int sequences, int maxLength, int drafts) {
    StateLimits limits = new StateLimits(maxLength, drafts, VOCABULARY);
    StatePlan sizes = new StatePlan(List.of(), PAGE_SIZE, 1, sequences, limits);
    int pages = sequences * sizes.pagesPerSequence();
    StatePlan plan = new StatePlan(List.of(), PAGE_SIZE, pages, sequences, limits);
    FakeBackend backend = new FakeBackend(FakeOptions.defaults().light().withDraftAccuracy(0.7));
    Rank rank =
        new Rank(
            backend,
            new FakeModel(),
            backend.allocate(plan),
            drafts == 0 ? null : new FakeSpeculator(backend));
    StepShape shape = new StepShape(ROWS, sequences, sequences * (1 + drafts) + 16, drafts);
    LoadGauge gauge = new LoadGauge(Integer.MAX_VALUE);
    this.loop =
        new EngineLoop(
            new Scheduler(shape, ChunkedPrefill.ENABLED, Seniority.of(SchedulingPolicy.FCFS), null),
            new StateCoordinator(plan, Seniority.of(SchedulingPolicy.FCFS)),
            new StepRunner(List.of(rank), shape),
            commands,
            new StatisticsRecorder(pages, sequences, drafts),
            gauge,
            EngineLoop.Lookahead.ONE_STEP,
            drafts);
  }

  ActiveRequest submit(int number, int promptLength, int output, RequestChannel channel) {
    int[] prompt = new int[promptLength];
    Arrays.setAll(prompt, i -> (i * 31 + number) % VOCABULARY);
    ActiveRequest request =
        new ActiveRequest(
            "r" + number,
            prompt,
            0,
            number,
            System.nanoTime(),
            ActiveRequest.NO_DIAGNOSIS,
            List.of(greedy(output)),
            channel);
    commands.add(new Command.Submit(List.of(request)));
    return request;
  }

  void step() throws InterruptedException {
    loop.step();
  }

  private static SlotSampling greedy(int maxTokens) {
    return new SlotSampling(
        0,
        1,
        0,
        0,
        1,
        0,
        0,
        0,
        new int[0],
        new float[0],
        null,
        new int[0][],
        VOCABULARY,
        0,
        maxTokens,
        new int[0],
        -1,
        -1);
  }
}
