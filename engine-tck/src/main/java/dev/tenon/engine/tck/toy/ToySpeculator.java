package dev.tenon.engine.tck.toy;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.model.DraftHead;
import dev.tenon.spi.speculation.Speculator;

/** Drafts with a model's head, pass after pass. */
public record ToySpeculator(Ops ops, DraftHead head) implements Speculator.OnDevice {
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
