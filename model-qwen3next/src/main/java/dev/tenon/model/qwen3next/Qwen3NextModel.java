package dev.tenon.model.qwen3next;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.DraftHead;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The forward pass. */
final class Qwen3NextModel implements BoundModel {
  private final Ops ops;
  private final Packed.Embedding embedding;
  private final List<Layer> layers;
  private final Packed.Norm norm;
  private final Packed.Head head;
  private final @Nullable Qwen3NextDraftHead draftHead;

  Qwen3NextModel(
      Ops ops,
      Packed.Embedding embedding,
      List<Layer> layers,
      Packed.Norm norm,
      Packed.Head head,
      @Nullable Qwen3NextDraftHead draftHead) {
    this.ops = ops;
    this.embedding = embedding;
    this.layers = List.copyOf(layers);
    this.norm = norm;
    this.head = head;
    this.draftHead = draftHead;
  }

  @Override
  public Forward forward(Step step) {
    Rows rows = step.targetRows();
    Residual residual = ops.linear().embed(rows, embedding);
    for (Layer layer : layers) {
      layer.apply(ops, rows, residual, step.states());
    }
    Activations hidden = ops.norms().finish(rows, residual, norm);
    Activations selected = ops.linear().select(rows, hidden);
    return new Forward(hidden, ops.linear().logits(rows, head, selected));
  }

  @Override
  public Optional<DraftHead> draftHead() {
    return Optional.ofNullable(draftHead);
  }
}
