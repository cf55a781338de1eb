package dev.tenon.spi.backend;

/**
 * Reductions among the ranks of a group. Every rank makes the same calls in the same order; results
 * are the same bits on all ranks. Issued like operations, from within a {@link StepBody}; block
 * operations use them by themselves.
 */
public interface Collectives {
  /** This rank, 0 … size − 1. */
  int rank();

  /** Ranks of the group. */
  int size();

  /** Sums over ranks, in place. */
  void allReduce(Rows rows, Activations activations);

  /**
   * Joins the ranks' columns in rank order.
   *
   * @return {@code [rows, Σ widths]}
   */
  Activations allGather(Rows rows, Activations activations);

  /** Copies rank {@code root}'s to all. */
  void broadcast(Rows rows, Activations activations, int root);
}
