package dev.tenon.spi.backend;

/**
 * The state that one layer keeps per sequence on one rank, declared before anything is allocated.
 */
public sealed interface StateSpec {
  /** The layer's index; drafting layers follow the model's own. */
  int layer();

  /**
   * Keys and values in pages that grow with the sequence.
   *
   * @param layer the layer's index
   * @param kvHeads heads on this rank
   * @param headDim elements of a head
   */
  record PagedKv(int layer, int kvHeads, int headDim) implements StateSpec {}

  /**
   * A state of fixed size: the last inputs of a causal convolution and a matrix per value head.
   *
   * @param layer the layer's index
   * @param convChannels channels of the convolution on this rank
   * @param convWidth taps of the convolution; {@code convWidth − 1} inputs are kept
   * @param keyHeads key heads on this rank
   * @param valueHeads value heads on this rank
   * @param keyDim rows of a head's state
   * @param valueDim columns of a head's state
   */
  record Recurrent(
      int layer,
      int convChannels,
      int convWidth,
      int keyHeads,
      int valueHeads,
      int keyDim,
      int valueDim)
      implements StateSpec {}
}
