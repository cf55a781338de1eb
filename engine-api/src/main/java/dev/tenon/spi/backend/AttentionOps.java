package dev.tenon.spi.backend;

/** Attention. */
public interface AttentionOps {
  /**
   * A block as {@link AttentionWeights} defines it: writes the rows' keys and values at their
   * positions, attends over all positions up to each row's own, and leaves the output pending in
   * the residual.
   */
  void attend(Rows rows, Residual residual, Packed.Attention weights, StateView.KvCache cache);
}
