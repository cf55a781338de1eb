package dev.tenon.engine.runtime.step;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.FinishReason;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.scheduler.Phase;
import dev.tenon.engine.runtime.scheduler.Scheduler;
import dev.tenon.engine.runtime.scheduler.Sequence;
import dev.tenon.engine.runtime.scheduler.StepPlan;
import dev.tenon.engine.runtime.scheduler.Work;
import dev.tenon.engine.runtime.state.Reservation;
import dev.tenon.engine.runtime.state.StateCoordinator;
import dev.tenon.engine.runtime.statistics.StatisticsRecorder;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/**
 * One step after the other, on one thread that owns all mutable state. A step is planned and
 * launched before the result of the one before is waited for.
 */
public final class EngineLoop {
  private static final int HOPELESS = 1000;

  private final Scheduler scheduler;
  private final StateCoordinator states;
  private final StepRunner runner;
  private final CommandQueue commands;
  private final StatisticsRecorder statistics;
  private final RequestLedger ledger;
  private final StepCommitter committer;
  private final Lookahead lookahead;
  private final Queue<Launched> inFlight = new ArrayDeque<>();
  private long nextStep;
  private int fruitless;
  private boolean shutdown;

  /** How many results may be outstanding when a step is planned. */
  public enum Lookahead {
    /** None: drafts are made on the host from the tokens so far. */
    NONE,
    /** One: the device knows by itself what the next step needs. */
    ONE_STEP
  }

  /**
   * A loop.
   *
   * @param gauge counts the requests that pass through
   * @param draftTokens drafts per sequence and step
   */
  public EngineLoop(
      Scheduler scheduler,
      StateCoordinator states,
      StepRunner runner,
      CommandQueue commands,
      StatisticsRecorder statistics,
      LoadGauge gauge,
      Lookahead lookahead,
      int draftTokens) {
    this.scheduler = scheduler;
    this.states = states;
    this.runner = runner;
    this.commands = commands;
    this.statistics = statistics;
    this.lookahead = lookahead;
    this.ledger = new RequestLedger(scheduler, states, statistics, gauge);
    this.committer = new StepCommitter(statistics, ledger, draftTokens);
  }

  /** Runs until a {@link Command.Shutdown}. What fails it, fails the engine. */
  public void run() throws InterruptedException {
    while (!shutdown) {
      if (!step() && !shutdown) {
        states.checkIntegrity();
        commands.await();
      }
    }
    while (!inFlight.isEmpty()) {
      awaitOldest();
    }
  }

  /** Plans and launches a step, commits the one before; answers whether there was any work. */
  public boolean step() throws InterruptedException {
    boolean obeyed = obeyCommands();
    if (shutdown) {
      return false;
    }
    states.collect().forEach(this::requeue);
    if (obeyed) {
      reportLoad();
    }
    Reservation reservation = reserve(scheduler.plan(nextStep, states));
    if (!reservation.plan().isEmpty()) {
      StepBatch batch = BatchAssembler.assemble(reservation);
      inFlight.add(new Launched(reservation.plan(), batch, runner.launch(batch)));
      scheduler.launched(reservation.plan());
      nextStep++;
      if (lookahead == Lookahead.ONE_STEP && inFlight.size() == 1) {
        return true;
      }
    }
    if (!inFlight.isEmpty()) {
      awaitOldest();
      return true;
    }
    return !scheduler.isIdle() && hopeful();
  }

  /** Whether nothing runs, waits or is in flight. */
  public boolean isIdle() {
    return scheduler.isIdle() && inFlight.isEmpty() && ledger.isEmpty();
  }

  /**
   * Checks pools and queues.
   *
   * @throws IllegalStateException naming what is wrong
   */
  public void checkIntegrity() {
    states.checkIntegrity();
    if (isIdle() && states.usedSlots() + states.usedPages() > 0) {
      throw new IllegalStateException(
          "idle with %d slots and %d pages in use"
              .formatted(states.usedSlots(), states.usedPages()));
    }
  }

  /** Ends all requests with a reason, those in the command queue included. */
  public void failAll(TenonException reason) {
    Command command = commands.poll();
    while (command != null) {
      if (command instanceof Command.Submit submit) {
        submit.requests().forEach(ledger::open);
      }
      command = commands.poll();
    }
    ledger.failAll(reason);
  }

  private Reservation reserve(StepPlan plan) {
    Reservation reservation = states.reserve(plan, scheduler.running());
    List<Sequence> preempted = reservation.preempted();
    if (!preempted.isEmpty()) {
      statistics.preempted(preempted.size());
      preempted.forEach(scheduler::remove);
    }
    long now = 0;
    for (Work work : reservation.plan().works()) {
      if (work.kind() != StepBatch.DECODE && work.start() == 0) {
        now = now == 0 ? System.nanoTime() : now;
        ledger.admitted(work.sequence().request(), now);
      }
    }
    return reservation;
  }

  private void awaitOldest() throws InterruptedException {
    Launched oldest = inFlight.element();
    StepOutput output = oldest.ticket().await();
    inFlight.remove();
    fruitless = 0;
    committer.commit(oldest, output);
    states.completed(oldest.plan().id()).forEach(this::requeue);
    reportLoad();
  }

  private void requeue(Sequence sequence) {
    if (sequence.phase() == Phase.WAITING) {
      scheduler.enqueue(sequence);
    }
  }

  private boolean obeyCommands() {
    Command command = commands.poll();
    boolean any = command != null;
    while (command != null) {
      obey(command);
      command = commands.poll();
    }
    return any;
  }

  private void reportLoad() {
    statistics.load(
        scheduler.running().size(), scheduler.waiting(), states.usedPages(), states.usedSlots());
  }

  private void obey(Command command) {
    switch (command) {
      case Command.Submit submit -> submit.requests().forEach(ledger::open);
      case Command.Cancel cancel -> ledger.cancel(cancel.request());
      case Command.CompleteChoice complete -> {
        Sequence sequence = complete.request().choices().get(complete.choice());
        if (sequence.phase() != Phase.ENDED) {
          ledger.end(sequence, FinishReason.STOP);
        }
      }
      case Command.Fail(TenonException reason) -> throw reason;
      case Command.Shutdown ignored -> shutdown = true;
    }
  }

  /** Guards against standing still for ever: that would be a defect, and must show as one. */
  private boolean hopeful() {
    fruitless++;
    if (fruitless > HOPELESS) {
      throw new TenonException(
          ErrorCode.INTERNAL,
          "nothing can be scheduled: running %s, %d waiting, %d pages and %d slots in use"
              .formatted(
                  scheduler.running(),
                  scheduler.waiting(),
                  states.usedPages(),
                  states.usedSlots()));
    }
    return true;
  }
}
