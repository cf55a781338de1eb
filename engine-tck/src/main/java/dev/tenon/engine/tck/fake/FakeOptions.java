package dev.tenon.engine.tck.fake;

/**
 * How a fake backend behaves.
 *
 * @param answers when results are there
 * @param checks how much of its memory it reads back
 * @param draftAccuracy share of its drafts that are right, 0 … 1
 */
public record FakeOptions(Answers answers, Checks checks, double draftAccuracy) {
  /** When results are there. */
  public enum Answers {
    /** When a step is launched. */
    AT_ONCE,
    /** When {@link FakeBackend#release} lets them go. */
    HELD
  }

  /** How much of the memory each row reads back. */
  public enum Checks {
    /** All positions before it, through the page table: catches pages that were overwritten. */
    EVERY_POSITION,
    /** The recurrent state only: the time of a row does not grow with the context. */
    STATE_ONLY
  }

  /** Answers at once, checks everything, half of its drafts are right. */
  public static FakeOptions defaults() {
    return new FakeOptions(Answers.AT_ONCE, Checks.EVERY_POSITION, 0.5);
  }

  /** The same with results held back. */
  public FakeOptions held() {
    return new FakeOptions(Answers.HELD, checks, draftAccuracy);
  }

  /** The same with another share of right drafts. */
  public FakeOptions withDraftAccuracy(double share) {
    return new FakeOptions(answers, checks, share);
  }

  /** The same, reading back the recurrent state only. */
  public FakeOptions light() {
    return new FakeOptions(answers, Checks.STATE_ONLY, draftAccuracy);
  }
}
