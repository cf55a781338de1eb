package dev.tenon.spi.backend;

/**
 * Packs weights into a backend's own form. A backend may keep reading the host memory that it was
 * given (the CPU's does); its source stays open as long as the backend.
 *
 * @see Packed
 */
public interface Weights {
  /**
   * An embedding table.
   *
   * @param rows {@code [share of the vocabulary, hidden]}
   * @param firstRow id of the first row on this rank
   * @param vocabularySize ids in all
   */
  Packed.Embedding embedding(HostMatrix rows, int firstRow, int vocabularySize);

  /** A projection to logits; parameters as {@link #embedding}. */
  Packed.Head head(HostMatrix rows, int firstRow, int vocabularySize);

  /** A projection that is the same on all ranks. */
  Packed.Projection projection(HostMatrix matrix);

  /** A norm. */
  Packed.Norm norm(NormWeights norm);

  /** An attention block. */
  Packed.Attention attention(AttentionWeights weights);

  /** A gated delta net. */
  Packed.DeltaNet deltaNet(DeltaNetWeights weights);

  /** A mixture of experts. */
  Packed.Moe moe(MoeWeights weights);

  /** A dense MLP. */
  Packed.Mlp mlp(MlpWeights weights);

  /** Bytes of device memory that packed weights take so far, mapped host memory not counted. */
  long packedBytes();
}
