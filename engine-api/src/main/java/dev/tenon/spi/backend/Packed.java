package dev.tenon.spi.backend;

/** Weights in a backend's own form, behind opaque handles. They live as long as the backend. */
public sealed interface Packed {
  /** An embedding table. */
  non-sealed interface Embedding extends Packed {}

  /** A projection to logits. */
  non-sealed interface Head extends Packed {}

  /** A plain projection. */
  non-sealed interface Projection extends Packed {}

  /** A norm's weights. */
  non-sealed interface Norm extends Packed {}

  /** A gated attention block with its input norm. */
  non-sealed interface Attention extends Packed {}

  /** A gated delta net block with its input norm. */
  non-sealed interface DeltaNet extends Packed {}

  /** A routed-and-shared mixture of experts with its input norm. */
  non-sealed interface Moe extends Packed {}

  /** A dense gated MLP with its input norm. */
  non-sealed interface Mlp extends Packed {}
}
