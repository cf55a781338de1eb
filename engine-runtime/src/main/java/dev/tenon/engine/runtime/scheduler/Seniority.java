package dev.tenon.engine.runtime.scheduler;

import dev.tenon.api.SchedulingPolicy;
import java.util.Comparator;

/** Who comes first: in admission, in taking pages, and last in losing them. */
public final class Seniority {
  private static final Comparator<Sequence> ARRIVAL =
      Comparator.<Sequence>comparingLong(sequence -> sequence.request().arrival())
          .thenComparingInt(Sequence::choice);

  private Seniority() {}

  /** The order of a policy; the first is the most senior. No two sequences are equal in it. */
  public static Comparator<Sequence> of(SchedulingPolicy policy) {
    return switch (policy) {
      case FCFS -> ARRIVAL;
      case PRIORITY ->
          Comparator.<Sequence>comparingInt(sequence -> sequence.request().priority())
              .thenComparing(ARRIVAL);
    };
  }
}
