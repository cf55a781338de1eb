package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.Activations;

/**
 * Rows in bf16.
 *
 * @param address of {@code [rows, width]}
 * @param width elements of a row
 */
record CudaActivations(long address, int width) implements Activations {
  static CudaActivations of(Activations activations) {
    return (CudaActivations) activations;
  }
}
