package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.Rows;

/** Reductions of a group of one rank: there is nothing to exchange. */
final class CudaCollectives implements Collectives {
  @Override
  public int rank() {
    return 0;
  }

  @Override
  public int size() {
    return 1;
  }

  @Override
  public void allReduce(Rows rows, Activations activations) {
    // the sum over one rank
  }

  @Override
  public Activations allGather(Rows rows, Activations activations) {
    return activations;
  }

  @Override
  public void broadcast(Rows rows, Activations activations, int root) {
    if (root != 0) {
      throw new IllegalArgumentException("root is " + root + " in a group of 1 rank");
    }
  }

  /** Sums bf16 elements over ranks, in place. */
  void reduce(long address, long elements) {
    // the sum over one rank
  }
}
