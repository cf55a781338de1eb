package dev.tenon.engine.tck.recording;

import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Packed;

/** Packed weights, which are the weights themselves, named by kind and in the order of packing. */
sealed interface NamedWeights {
  /** Unlike that of any other weights of the backend. */
  String name();

  /** What was packed. */
  Object given();

  /** What was packed. */
  static <T> T given(Packed packed, Class<T> type) {
    return type.cast(((NamedWeights) packed).given());
  }

  record Attention(String name, AttentionWeights given) implements NamedWeights, Packed.Attention {
    @Override
    public String toString() {
      return name;
    }
  }

  record DeltaNet(String name, DeltaNetWeights given) implements NamedWeights, Packed.DeltaNet {
    @Override
    public String toString() {
      return name;
    }
  }

  record Embedding(String name, HostMatrix given) implements NamedWeights, Packed.Embedding {
    @Override
    public String toString() {
      return name;
    }
  }

  record Head(String name, HostMatrix given) implements NamedWeights, Packed.Head {
    @Override
    public String toString() {
      return name;
    }
  }

  record Mlp(String name, MlpWeights given) implements NamedWeights, Packed.Mlp {
    @Override
    public String toString() {
      return name;
    }
  }

  record Moe(String name, MoeWeights given) implements NamedWeights, Packed.Moe {
    @Override
    public String toString() {
      return name;
    }
  }

  record Norm(String name, NormWeights given) implements NamedWeights, Packed.Norm {
    @Override
    public String toString() {
      return name;
    }
  }

  record Projection(String name, HostMatrix given) implements NamedWeights, Packed.Projection {
    @Override
    public String toString() {
      return name;
    }
  }
}
