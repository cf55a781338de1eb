package dev.tenon.spi.model;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.Step;

/** A model's own head that predicts the token after the next, with its own keys and values. */
public interface DraftHead {
  /**
   * Issues one pass.
   *
   * @param rows the drafting pass's rows
   * @param hidden what each row continues: the model's rows after its final norm, or this head's
   *     own output of the pass before
   * @param pass 0, 1, …; a head of several layers takes them in turns
   * @return {@code [rows, hidden]} after the head's norm
   */
  Activations forward(Step step, Rows rows, Activations hidden, int pass);

  /** Logits of selected rows of a pass. */
  Logits logits(Rows rows, Activations selected);
}
