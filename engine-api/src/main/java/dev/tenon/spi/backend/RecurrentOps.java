package dev.tenon.spi.backend;

/** Recurrent mixers. */
public interface RecurrentOps {
  /**
   * A block as {@link DeltaNetWeights} defines it; leaves the output pending in the residual.
   *
   * <p>A slot holds the state after its last committed row, and the inputs of draft rows that are
   * not decided. Before anything else, pending rows are replayed as far as the step before accepted
   * them and the rest is dropped. Rows of a prompt and the first row of a decode are committed;
   * draft rows become pending. So after a rejection the state is, bit by bit, that of a sequence
   * which never saw the rejected rows.
   */
  void deltaNet(
      Rows rows, Residual residual, Packed.DeltaNet weights, StateView.RecurrentCache cache);
}
