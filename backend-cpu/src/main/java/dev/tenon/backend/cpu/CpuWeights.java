package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Weights;

/** Keeps the views that it is given: weights are read where they are mapped. */
final class CpuWeights implements Weights {
  /** A table or head: a share of the vocabulary. */
  record Vocabulary(HostMatrix rows, int firstRow, int size)
      implements Packed.Embedding, Packed.Head {}

  /** A plain projection. */
  record Matrix(HostMatrix matrix) implements Packed.Projection {}

  /** A norm. */
  record Norm(NormWeights norm) implements Packed.Norm {}

  /** An attention block. */
  record Attention(AttentionWeights weights) implements Packed.Attention {}

  /**
   * A gated delta net.
   *
   * @param weights as given
   * @param taps the convolution as {@code [convWidth][channels]}
   */
  @SuppressWarnings("ArrayRecordComponent") // a handle, never compared
  record DeltaNet(DeltaNetWeights weights, float[] taps) implements Packed.DeltaNet {
    static CpuWeights.DeltaNet of(DeltaNetWeights weights) {
      int width = weights.convWidth();
      int channels = weights.convolution().length / width;
      float[] taps = new float[weights.convolution().length];
      for (int channel = 0; channel < channels; channel++) {
        for (int tap = 0; tap < width; tap++) {
          taps[tap * channels + channel] = weights.convolution()[channel * width + tap];
        }
      }
      return new CpuWeights.DeltaNet(weights, taps);
    }
  }

  /** A mixture of experts. */
  record Moe(MoeWeights weights) implements Packed.Moe {}

  /** A dense MLP. */
  record Mlp(MlpWeights weights) implements Packed.Mlp {}

  @Override
  public Packed.Embedding embedding(HostMatrix rows, int firstRow, int vocabularySize) {
    return new Vocabulary(rows, firstRow, vocabularySize);
  }

  @Override
  public Packed.Head head(HostMatrix rows, int firstRow, int vocabularySize) {
    return new Vocabulary(rows, firstRow, vocabularySize);
  }

  @Override
  public Packed.Projection projection(HostMatrix matrix) {
    return new Matrix(matrix);
  }

  @Override
  public Packed.Norm norm(NormWeights norm) {
    return new Norm(norm);
  }

  @Override
  public Packed.Attention attention(AttentionWeights weights) {
    return new Attention(weights);
  }

  @Override
  public Packed.DeltaNet deltaNet(DeltaNetWeights weights) {
    return DeltaNet.of(weights);
  }

  @Override
  public Packed.Moe moe(MoeWeights weights) {
    return new Moe(weights);
  }

  @Override
  public Packed.Mlp mlp(MlpWeights weights) {
    return new Mlp(weights);
  }

  @Override
  public long packedBytes() {
    return 0;
  }
}
