package dev.tenon.engine.tck.recording;

import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Weights;

/** Numbers what is packed, in its order. */
final class RecordingWeights implements Weights {
  private int packed;

  private String named(String kind) {
    return kind + packed++;
  }

  @Override
  public Packed.Embedding embedding(HostMatrix rows, int firstRow, int vocabularySize) {
    return new NamedWeights.Embedding(named("embedding"), rows);
  }

  @Override
  public Packed.Head head(HostMatrix rows, int firstRow, int vocabularySize) {
    return new NamedWeights.Head(named("head"), rows);
  }

  @Override
  public Packed.Projection projection(HostMatrix matrix) {
    return new NamedWeights.Projection(named("projection"), matrix);
  }

  @Override
  public Packed.Norm norm(NormWeights norm) {
    return new NamedWeights.Norm(named("norm"), norm);
  }

  @Override
  public Packed.Attention attention(AttentionWeights weights) {
    return new NamedWeights.Attention(named("attention"), weights);
  }

  @Override
  public Packed.DeltaNet deltaNet(DeltaNetWeights weights) {
    return new NamedWeights.DeltaNet(named("deltaNet"), weights);
  }

  @Override
  public Packed.Moe moe(MoeWeights weights) {
    return new NamedWeights.Moe(named("moe"), weights);
  }

  @Override
  public Packed.Mlp mlp(MlpWeights weights) {
    return new NamedWeights.Mlp(named("mlp"), weights);
  }

  @Override
  public long packedBytes() {
    return 0;
  }
}
