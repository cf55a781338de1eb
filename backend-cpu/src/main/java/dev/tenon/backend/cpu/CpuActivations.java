package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.Activations;

/**
 * Rows of f32 activations.
 *
 * @param values {@code [rows][width]}, contiguous from 0; may be longer
 * @param rows number of rows
 * @param width elements of a row
 */
@SuppressWarnings("ArrayRecordComponent") // a handle, never compared
record CpuActivations(float[] values, int rows, int width) implements Activations {
  static CpuActivations of(Activations activations) {
    return (CpuActivations) activations;
  }
}
