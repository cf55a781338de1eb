package dev.tenon.engine.tck.toy;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.model.DraftHead;

/** One attention layer behind the model's; untrained, so its drafts are seldom right. */
record ToyDraftHead(
    Ops ops,
    Packed.Embedding embedding,
    Packed.Norm embeddingNorm,
    Packed.Norm hiddenNorm,
    Packed.Projection join,
    Packed.Attention attention,
    Packed.Norm norm,
    Packed.Head head)
    implements DraftHead {
  @Override
  public Activations forward(Step step, Rows rows, Activations hidden, int pass) {
    Residual residual =
        ops.linear().joinEmbedding(rows, embedding, hidden, embeddingNorm, hiddenNorm, join);
    ops.attention().attend(rows, residual, attention, step.states().kv(ToyModel.DRAFT_LAYER));
    return ops.norms().finish(rows, residual, norm);
  }

  @Override
  public Logits logits(Rows rows, Activations selected) {
    return ops.linear().logits(rows, head, selected);
  }
}
