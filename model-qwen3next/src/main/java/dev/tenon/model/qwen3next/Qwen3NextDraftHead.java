package dev.tenon.model.qwen3next;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.model.DraftHead;
import java.util.List;

/**
 * The multi-token-prediction head: joins the model's hidden row with the embedding of the token
 * that follows, and passes one layer of its own; embedding and output head are the model's.
 *
 * @param ops operations of the rank
 * @param embedding the model's
 * @param embeddingNorm of the following token's embedding
 * @param hiddenNorm of the hidden row
 * @param projection of both, embedding first
 * @param layers taken in turns by pass
 * @param norm of the output
 * @param head the model's
 */
record Qwen3NextDraftHead(
    Ops ops,
    Packed.Embedding embedding,
    Packed.Norm embeddingNorm,
    Packed.Norm hiddenNorm,
    Packed.Projection projection,
    List<Layer> layers,
    Packed.Norm norm,
    Packed.Head head)
    implements DraftHead {

  @Override
  public Activations forward(Step step, Rows rows, Activations hidden, int pass) {
    Residual residual =
        ops.linear().joinEmbedding(rows, embedding, hidden, embeddingNorm, hiddenNorm, projection);
    layers.get(pass % layers.size()).apply(ops, rows, residual, step.states());
    return ops.norms().finish(rows, residual, norm);
  }

  @Override
  public Logits logits(Rows rows, Activations selected) {
    return ops.linear().logits(rows, head, selected);
  }
}
