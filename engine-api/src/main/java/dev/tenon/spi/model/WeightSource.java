package dev.tenon.spi.model;

import dev.tenon.spi.backend.HostMatrix;

/**
 * One rank's shares of a checkpoint's tensors, as their {@link ShardSpec} divides them. Matrices
 * are views of mapped files where possible.
 */
public interface WeightSource {
  /** A rank's share of a matrix. */
  HostMatrix matrix(String name);

  /**
   * A rank's share of one expert's matrix in a tensor of {@link ShardSpec.AllExperts}.
   *
   * @param expert index among all experts
   */
  HostMatrix expertMatrix(String name, int expert);

  /** A rank's share of a small tensor, widened to f32, row-major. */
  float[] values(String name);
}
