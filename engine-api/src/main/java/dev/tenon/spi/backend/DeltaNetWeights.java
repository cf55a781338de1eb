package dev.tenon.spi.backend;

/**
 * A gated delta net, one rank's share. With r = valueHeads / keyHeads, value head j uses key head j
 * / r.
 *
 * <p>n = norm(residual); (q, k, v, z) = projection·n; (b, a) = gates·n; (q, k, v) pass a causal
 * depthwise convolution and SiLU; β = σ(b), g = −exp(decayLog)·softplus(a + timeBias); q and k are
 * divided by their 2-norm ({@code x·rsqrt(Σx² + 1e-6)}), q also multiplied by {@code keyDim^-0.5};
 * per value head with state S {@code [keyDim, valueDim]}: {@code S ← e^g·S; d = β(v − Sᵀk); S ← S +
 * k dᵀ; o = Sᵀq}; output {@code = outputProjection·(norm(o)·weight·gate(z))}.
 *
 * @param keyHeads key heads on this rank
 * @param valueHeads value heads on this rank
 * @param keyDim elements of a key
 * @param valueDim elements of a value
 * @param convWidth taps of the convolution
 * @param inputNorm norm of the residual
 * @param projection {@code [keyHeads · (2·keyDim + 2·r·valueDim), hidden]}: per key head q, k, r
 *     values, r z
 * @param gates {@code [keyHeads · 2·r, hidden]}: per key head r rows of b, then r rows of a
 * @param convolution {@code [2·keyHeads·keyDim + valueHeads·valueDim][convWidth]}, channels q, k,
 *     v; the last tap multiplies the current token
 * @param decayLog per value head (A_log)
 * @param timeBias per value head (dt_bias)
 * @param outputNorm plain weights over valueDim, shared by heads
 * @param gateActivation of z
 * @param output {@code [hidden, valueHeads · valueDim]}; partial sums over ranks
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record DeltaNetWeights(
    int keyHeads,
    int valueHeads,
    int keyDim,
    int valueDim,
    int convWidth,
    NormWeights inputNorm,
    HostMatrix projection,
    HostMatrix gates,
    float[] convolution,
    float[] decayLog,
    float[] timeBias,
    NormWeights outputNorm,
    GateActivation gateActivation,
    HostMatrix output) {

  /** Activation of the output gate z. */
  public enum GateActivation {
    /** z·σ(z). */
    SILU,
    /** σ(z). */
    SIGMOID
  }
}
