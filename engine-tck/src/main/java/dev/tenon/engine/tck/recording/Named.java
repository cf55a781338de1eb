package dev.tenon.engine.tck.recording;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;

/**
 * Anything that operations pass on to each other.
 *
 * @param name unlike that of any other in the recording
 * @param width elements of a row, where rows have elements
 */
public record Named(String name, int width) implements Activations, Logits, Residual, Rows {
  @Override
  public String toString() {
    return name;
  }
}
