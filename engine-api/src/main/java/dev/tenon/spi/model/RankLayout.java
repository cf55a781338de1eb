package dev.tenon.spi.model;

/**
 * A rank's place in its group.
 *
 * @param rank 0 … size − 1
 * @param size ranks of the group
 * @param experts division of routed experts
 */
public record RankLayout(int rank, int size, Experts experts) {
  /** The only rank. */
  public static final RankLayout SINGLE = new RankLayout(0, 1, Experts.SLICED);

  /** Division of routed experts. */
  public enum Experts {
    /** Every rank has a slice of every expert. */
    SLICED,
    /** Every rank has whole experts, contiguous by index. */
    WHOLE
  }
}
