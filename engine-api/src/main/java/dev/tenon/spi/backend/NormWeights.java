package dev.tenon.spi.backend;

/**
 * A root-mean-square norm: {@code y = x · rsqrt(mean(x²) + epsilon) · scale}, in f32.
 *
 * @param scale factor per element; a zero-centred checkpoint weight w is handed over as {@code 1 +
 *     w}
 * @param epsilon added to the mean
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record NormWeights(float[] scale, float epsilon) {
  /** From a checkpoint's zero-centred weight. */
  public static NormWeights zeroCentred(float[] weight, float epsilon) {
    float[] scale = new float[weight.length];
    for (int i = 0; i < scale.length; i++) {
      scale[i] = 1f + weight[i];
    }
    return new NormWeights(scale, epsilon);
  }
}
