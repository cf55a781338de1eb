package dev.tenon.spi.backend;

/**
 * A matrix with one row per token, {@code [rows, width]}, in whatever form the backend keeps it.
 * Valid until the step's end.
 */
public interface Activations {
  /** Elements of a row. */
  int width();
}
