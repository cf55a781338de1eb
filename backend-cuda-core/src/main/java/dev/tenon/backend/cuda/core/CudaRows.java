package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;
import dev.tenon.spi.backend.Rows;

/**
 * Rows of a step.
 *
 * @param device where they lie
 */
record CudaRows(DeviceRows device) implements Rows {
  static DeviceRows of(Rows rows) {
    return ((CudaRows) rows).device();
  }
}
