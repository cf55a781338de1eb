package dev.tenon.spec.mtp;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.model.DraftHead;
import dev.tenon.spi.speculation.Speculator;

/**
 * Drafts with the model's head: a first pass over all of the step's rows, which keeps the head's
 * keys and values complete, then one row per sequence for each further draft, fed with the head's
 * own output.
 */
final class MtpSpeculator implements Speculator.OnDevice {
  private final Ops ops;
  private final DraftHead head;

  MtpSpeculator(Ops ops, DraftHead head) {
    this.ops = ops;
    this.head = head;
  }

  @Override
  public void propose(Step step, Activations hidden) {
    Activations continued = hidden;
    for (int pass = 0; pass < step.draftTokens(); pass++) {
      Rows rows = step.draftRows(pass);
      Activations selected = ops.linear().select(rows, head.forward(step, rows, continued, pass));
      ops.sampling().draft(step, head.logits(rows, selected), pass);
      continued = selected;
    }
  }
}
