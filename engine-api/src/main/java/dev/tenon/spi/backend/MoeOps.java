package dev.tenon.spi.backend;

/** Feed-forward blocks. Both leave their output pending in the residual. */
public interface MoeOps {
  /** A block as {@link MoeWeights} defines it. */
  void moe(Rows rows, Residual residual, Packed.Moe weights);

  /** A block as {@link MlpWeights} defines it. */
  void mlp(Rows rows, Residual residual, Packed.Mlp weights);
}
