package dev.tenon.spi.backend;

/**
 * The allocated pools. The content of a recurrent slot at position 0 counts as zero, whatever an
 * earlier owner left there.
 */
public interface StateView {
  /** What was allocated. */
  StatePlan plan();

  /** Keys and values of a layer. */
  KvCache kv(int layer);

  /** Convolution inputs and recurrent states of a layer. */
  RecurrentCache recurrent(int layer);

  /** Keys and values of one layer, behind a backend's own form. */
  interface KvCache {}

  /** Recurrent state of one layer, behind a backend's own form. */
  interface RecurrentCache {}
}
