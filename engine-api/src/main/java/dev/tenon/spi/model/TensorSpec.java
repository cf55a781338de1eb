package dev.tenon.spi.model;

import java.util.List;

/**
 * A tensor that a checkpoint must hold.
 *
 * @param name in the checkpoint
 * @param shape extents, outermost first
 * @param shard how ranks divide it
 * @param quantisation whether it may be block-quantised
 */
public record TensorSpec(
    String name, List<Long> shape, ShardSpec shard, Quantisation quantisation) {
  /** Copies the shape. */
  public TensorSpec {
    shape = List.copyOf(shape);
  }

  /** Number of elements. */
  public long elements() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  /** Whether a tensor may be block-quantised. */
  public enum Quantisation {
    /** Plain floats only. */
    NEVER,
    /** FP8 with a companion {@code <name>_scale_inv} of block scales, or plain floats. */
    BLOCK_SCALED
  }
}
