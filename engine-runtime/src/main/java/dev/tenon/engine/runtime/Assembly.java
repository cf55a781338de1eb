package dev.tenon.engine.runtime;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.SchedulingPolicy;
import dev.tenon.engine.runtime.admission.Admission;
import dev.tenon.engine.runtime.admission.AdmissionLimits;
import dev.tenon.engine.runtime.scheduler.HostDrafter;
import dev.tenon.engine.runtime.scheduler.Scheduler;
import dev.tenon.engine.runtime.scheduler.Seniority;
import dev.tenon.engine.runtime.scheduler.Sequence;
import dev.tenon.engine.runtime.state.PageDemand;
import dev.tenon.engine.runtime.state.StateCoordinator;
import dev.tenon.engine.runtime.statistics.StatisticsRecorder;
import dev.tenon.engine.runtime.step.Command;
import dev.tenon.engine.runtime.step.CommandQueue;
import dev.tenon.engine.runtime.step.EngineLoop;
import dev.tenon.engine.runtime.step.LoadGauge;
import dev.tenon.engine.runtime.step.StepRunner;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.speculation.Speculator;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * The pieces of an engine, put together but not yet running.
 *
 * @param admission checks requests
 * @param runner launches steps
 * @param loop does the work
 * @param commands how to reach the loop
 * @param gauge counts requests
 * @param statistics counts everything else
 */
record Assembly(
    Admission admission,
    StepRunner runner,
    EngineLoop loop,
    CommandQueue commands,
    LoadGauge gauge,
    StatisticsRecorder statistics) {

  static Assembly of(EngineParts parts) {
    EngineConfig config = parts.config();
    StatePlan plan = parts.plan();
    Comparator<Sequence> seniority = Seniority.of(config.schedulingPolicy());
    HostDrafter drafter = hostDrafter(parts);
    Scheduler scheduler =
        new Scheduler(parts.limits(), config.chunkedPrefill(), seniority, drafter);
    int draftTokens = parts.limits().draftTokens();
    StatisticsRecorder statistics = new StatisticsRecorder(plan.pages(), plan.slots(), draftTokens);
    CommandQueue commands = new CommandQueue();
    LoadGauge gauge = new LoadGauge(config.maxWaiting());
    StepRunner runner = new StepRunner(parts.ranks(), parts.limits(), parts.followers());
    runner.onLoss(reason -> commands.add(new Command.Fail(reason)));
    EngineLoop loop =
        new EngineLoop(
            scheduler,
            new StateCoordinator(plan, seniority),
            runner,
            commands,
            statistics,
            gauge,
            drafter == null ? EngineLoop.Lookahead.ONE_STEP : EngineLoop.Lookahead.NONE,
            draftTokens);
    Admission admission =
        new Admission(admissionLimits(parts), parts.properties(), parts.text(), config.seed());
    return new Assembly(admission, runner, loop, commands, gauge, statistics);
  }

  private static AdmissionLimits admissionLimits(EngineParts parts) {
    StatePlan plan = parts.plan();
    return new AdmissionLimits(
        plan.limits().maxLength(),
        new PageDemand(plan).longest(plan.pages()),
        plan.limits().vocabularySize(),
        parts.config().maxChoices(),
        parts.config().maxLogprobs(),
        parts.limits().draftTokens(),
        parts.config().schedulingPolicy() == SchedulingPolicy.PRIORITY);
  }

  private static @Nullable HostDrafter hostDrafter(EngineParts parts) {
    Speculator speculator = parts.ranks().getFirst().speculator();
    int vocabularySize = parts.plan().limits().vocabularySize();
    return speculator instanceof Speculator.OnHost host
        ? new CheckedDrafter(host, vocabularySize)
        : null;
  }
}
