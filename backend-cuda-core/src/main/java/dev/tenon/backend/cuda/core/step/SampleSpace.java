package dev.tenon.backend.cuda.core.step;

/** Work space of sampling and drafting, as {@code smxx/sampling} uses it. */
final class SampleSpace {
  private static final int SPLIT_IDS = 4096;
  private static final int SPLIT_BYTES = 64 + 2 * 64 * Long.BYTES;

  private SampleSpace() {}

  /** Bytes for so many logit rows. */
  static long sampling(int vocabulary, int logitRows) {
    return (long) logitRows * Math.ceilDiv(vocabulary, SPLIT_IDS) * SPLIT_BYTES;
  }

  /** Bytes for a draft of so many sequences. */
  static long drafting(int vocabulary, int sequences) {
    return (long) sequences * Math.ceilDiv(vocabulary, SPLIT_IDS) * Long.BYTES;
  }
}
