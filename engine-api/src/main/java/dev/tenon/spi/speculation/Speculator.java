package dev.tenon.spi.speculation;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Step;

/** Proposes draft tokens. Which of them are accepted is decided elsewhere, once for all methods. */
public sealed interface Speculator {
  /** Drafts on the device, within the step, by a head of the model. */
  non-sealed interface OnDevice extends Speculator {
    /**
     * Issues the drafting passes of a step, after sampling. Called for recording, like a step's
     * body.
     *
     * @param hidden the model's rows after its final norm, {@code [target rows, hidden]}
     */
    void propose(Step step, Activations hidden);
  }

  /** Drafts on the host, from the tokens so far. For one thread. */
  non-sealed interface OnHost extends Speculator {
    /**
     * Drafts for one sequence.
     *
     * @param tokens prompt and output; not to be changed or kept
     * @param length how many of them are valid
     * @param most greatest number of drafts
     * @return drafts, possibly none
     */
    int[] propose(int[] tokens, int length, int most);
  }
}
