package dev.tenon.spi.model;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.Step;
import java.util.Optional;

/** A model whose weights one rank's backend holds. Lives as long as the backend. */
public interface BoundModel {
  /** Issues the forward pass over the step's target rows. */
  Forward forward(Step step);

  /** The drafting head, if it was bound. */
  Optional<DraftHead> draftHead();

  /**
   * What a forward pass yields.
   *
   * @param hidden rows after the final norm, {@code [rows, hidden]}
   * @param logits of the rows that the batch asks for
   */
  record Forward(Activations hidden, Logits logits) {}
}
