package dev.tenon.spi.backend;

/**
 * A gated MLP {@code down·(silu(gate·n) ⊙ up·n)}, one rank's share.
 *
 * @param inputNorm norm of the residual
 * @param gate {@code [intermediate, hidden]}
 * @param up {@code [intermediate, hidden]}
 * @param down {@code [hidden, intermediate]}; partial sums over ranks
 */
public record MlpWeights(NormWeights inputNorm, HostMatrix gate, HostMatrix up, HostMatrix down) {}
