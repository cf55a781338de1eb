package dev.tenon.spi.backend;

/** Norms at the end of a residual stream. */
public interface NormOps {
  /** Reduces and adds the pending block output, and normalises: {@code [rows, hidden]}. */
  Activations finish(Rows rows, Residual residual, Packed.Norm norm);
}
