package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.tuning.TunedMoe;
import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.Packed;

/** Packed weights: addresses on the device beside the sizes that operations need. */
final class CudaPacked {
  private CudaPacked() {}

  /** bf16 rows of a share of the vocabulary. */
  record Embedding(long table, int firstRow, int share, int hidden) implements Packed.Embedding {}

  /** Projection to logits of a share of the vocabulary. */
  record Head(PackedMatrix matrix, int firstRow, int vocabulary) implements Packed.Head {}

  /** A plain projection. */
  record Projection(PackedMatrix matrix) implements Packed.Projection {}

  /** f32 factors. */
  record NormScale(long scale, int width, float epsilon) implements Packed.Norm {}

  /**
   * An attention block; {@code input} yields queries (and gates), keys, values in this order.
   *
   * @param sizes heads, head size and scale; its matrices are no longer read
   */
  record Attention(
      AttentionWeights sizes,
      NormScale inputNorm,
      PackedMatrix input,
      PackedMatrix output,
      long inputBias,
      long outputBias,
      long queryNorm,
      long keyNorm,
      double normEpsilon,
      long frequencies,
      int rotaryPairs,
      double magnitude)
      implements Packed.Attention {}

  /** A gated delta net. */
  record DeltaNet(
      DeltaNetWeights sizes,
      NormScale inputNorm,
      PackedMatrix projection,
      PackedMatrix gates,
      long convolution,
      long decayLog,
      long timeBias,
      NormScale outputNorm,
      PackedMatrix output)
      implements Packed.DeltaNet {}

  /** Equal matrices one after another. */
  record Stack(DeviceType type, int inner, long data, long scales) {
    static final Stack NONE = new Stack(DeviceType.BF16, 0, 0, 0);
  }

  /** A mixture of experts. */
  record Moe(
      MoeWeights sizes,
      int held,
      NormScale inputNorm,
      PackedMatrix router,
      Stack gateUp,
      Stack down,
      Stack sharedGateUp,
      Stack sharedDown,
      TunedMoe tuned)
      implements Packed.Moe {}

  /** A dense MLP; {@code gateUp} alternates 16 rows of gate and 16 of up. */
  record Mlp(NormScale inputNorm, int inner, PackedMatrix gateUp, PackedMatrix down)
      implements Packed.Mlp {}
}
