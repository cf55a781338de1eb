package dev.tenon.engine.runtime.state;

import dev.tenon.engine.runtime.scheduler.Sequence;
import dev.tenon.engine.runtime.scheduler.StepPlan;
import java.util.List;

/**
 * What of a plan has the state it needs.
 *
 * @param plan what can be launched
 * @param pages new page-table entries, triples (slot, index, page)
 * @param preempted sequences that lose their state, so that more senior ones can go on
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record Reservation(StepPlan plan, int[] pages, List<Sequence> preempted) {}
