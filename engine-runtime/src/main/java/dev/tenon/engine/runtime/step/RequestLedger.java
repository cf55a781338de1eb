package dev.tenon.engine.runtime.step;

import dev.tenon.api.FinishReason;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.scheduler.ActiveRequest;
import dev.tenon.engine.runtime.scheduler.Phase;
import dev.tenon.engine.runtime.scheduler.Scheduler;
import dev.tenon.engine.runtime.scheduler.Sequence;
import dev.tenon.engine.runtime.state.StateCoordinator;
import dev.tenon.engine.runtime.statistics.StatisticsRecorder;
import dev.tenon.engine.runtime.stream.RawResult;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** The requests that have not ended, and the one place where choices end. */
final class RequestLedger {
  private final Scheduler scheduler;
  private final StateCoordinator states;
  private final StatisticsRecorder statistics;
  private final LoadGauge gauge;
  private final Set<ActiveRequest> requests = Collections.newSetFromMap(new IdentityHashMap<>());

  RequestLedger(
      Scheduler scheduler,
      StateCoordinator states,
      StatisticsRecorder statistics,
      LoadGauge gauge) {
    this.scheduler = scheduler;
    this.states = states;
    this.statistics = statistics;
    this.gauge = gauge;
  }

  void open(ActiveRequest request) {
    requests.add(request);
    request.choices().forEach(scheduler::enqueue);
  }

  boolean isEmpty() {
    return requests.isEmpty();
  }

  /** Notes that a choice is about to run. */
  void admitted(ActiveRequest request, long now) {
    if (request.markAdmitted()) {
      statistics.admitted(now - request.submittedNanos());
      gauge.left();
    }
  }

  /** Ends all choices that have not ended. */
  void cancel(ActiveRequest request) {
    for (Sequence sequence : request.choices()) {
      if (sequence.phase() != Phase.ENDED) {
        end(sequence, FinishReason.CANCELLED);
      }
    }
  }

  /** Ends a choice. */
  void end(Sequence sequence, FinishReason reason) {
    Phase before = sequence.phase();
    sequence.end();
    if (before != Phase.PREEMPTED) {
      scheduler.remove(sequence);
      if (before == Phase.RUNNING) {
        states.retire(sequence);
      }
    }
    ActiveRequest request = sequence.request();
    statistics.choiceEnded(reason, request.prompt().length, sequence.outputLength());
    if (request.markChoiceEnded()) {
      statistics.requestEnded(System.nanoTime() - request.submittedNanos());
      requests.remove(request);
      if (request.markAdmitted()) {
        gauge.left();
      }
      gauge.ended();
    }
  }

  /** The engine ends: so do all streams. */
  void failAll(TenonException reason) {
    for (ActiveRequest request : requests) {
      request.channel().append(new RawResult.Failed(reason));
      if (request.markAdmitted()) {
        gauge.left();
      }
      gauge.ended();
    }
    requests.clear();
  }
}
