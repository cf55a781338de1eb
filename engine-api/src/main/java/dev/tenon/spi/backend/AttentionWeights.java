package dev.tenon.spi.backend;

import org.jspecify.annotations.Nullable;

/**
 * Causal attention over paged keys and values, one rank's share.
 *
 * <p>n = norm(residual); per head q, k are normalised (where norms are given) and rotated; scores
 * are {@code q·k · scale}; head h reads KV head {@code h / (heads / kvHeads)}. With an output gate
 * the result is multiplied by σ(gate) element by element before the output projection.
 *
 * @param heads query heads on this rank
 * @param kvHeads KV heads on this rank
 * @param headDim elements of a head
 * @param scale factor of the scores
 * @param rotary position embedding
 * @param inputNorm norm of the residual
 * @param query {@code [heads · headDim, hidden]}, or with a gate {@code [heads · 2 · headDim,
 *     hidden]}: per head headDim rows of query, then headDim rows of gate
 * @param gate whether {@code query} carries gates
 * @param key {@code [kvHeads · headDim, hidden]}
 * @param value {@code [kvHeads · headDim, hidden]}
 * @param output {@code [hidden, heads · headDim]}; partial sums over ranks
 * @param queryNorm over headDim, shared by heads
 * @param keyNorm over headDim, shared by heads
 * @param biases of query, key, value and output, where the model has them
 */
public record AttentionWeights(
    int heads,
    int kvHeads,
    int headDim,
    float scale,
    RotaryTable rotary,
    NormWeights inputNorm,
    HostMatrix query,
    OutputGate gate,
    HostMatrix key,
    HostMatrix value,
    HostMatrix output,
    @Nullable NormWeights queryNorm,
    @Nullable NormWeights keyNorm,
    @Nullable Biases biases) {

  /** Whether attention's output is gated. */
  public enum OutputGate {
    /** It is not. */
    NONE,
    /** By σ of the rows that the query projection carries. */
    SIGMOID
  }

  /**
   * Biases in the order of the matrices' rows. The output's is given on rank 0 only, zero
   * elsewhere.
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
  public record Biases(float[] query, float[] key, float[] value, float[] output) {}
}
