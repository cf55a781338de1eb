package dev.tenon.engine.tck.recording;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.model.DraftHead;

/**
 * A drafting head whose passes are written down among the operations: {@code pass i rows hidden}.
 *
 * @param ops where
 */
public record RecordingDraftHead(RecordingOps ops) implements DraftHead {
  @Override
  public Activations forward(Step step, Rows rows, Activations hidden, int pass) {
    ops.note("pass " + pass + " " + rows + " " + hidden);
    return new Named("out" + pass, hidden.width());
  }

  @Override
  public Logits logits(Rows rows, Activations selected) {
    return new Named("logits(" + selected + ")", selected.width());
  }
}
